import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { FakeClock } from "@cluster-ipam/allocator/testing";
import { type FastifyInstance, fastify } from "fastify";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LogLines } from "../testing/log-lines.ts";
import { listenOn } from "./socket.ts";
import { keepReachable } from "./socket-keeper.ts";

const AGAIN = "socket was removed, agent listens on a new one";
const FAILED = "socket was removed and cannot be made again";

let folder: string;
let path: string;
let clock: FakeClock;
let lines: LogLines;
let ended: AbortController;
let server: FastifyInstance;
let slow: PromiseWithResolvers<string>;
let kept: Promise<void>;
/** Slow calls that have come. */
let asked: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cluster-ipam-keeper-"));
  path = join(folder, "run", "agent.sock");
  clock = new FakeClock();
  lines = new LogLines();
  ended = new AbortController();
  slow = Promise.withResolvers();
  server = fastify({ forceCloseConnections: "idle" });
  server.get("/", () => "here");
  asked = 0;
  server.get("/slow", () => {
    asked += 1;
    return slow.promise;
  });
  await listenOn(server, path);
  kept = keepReachable(server, path, { clock, log: lines.log, signal: ended.signal });
});

afterEach(async () => {
  ended.abort();
  slow.resolve("late");
  await server.close();
  await kept;
  await rm(folder, { recursive: true });
});

function ask(url: string = "/"): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const call = request({ socketPath: path, path: url, agent: false, headers: { connection: "close" } });
  call.once("error", reject);
  call.once("response", (response) => void text(response).then(resolve, reject));
  call.end();
  return promise;
}

/** Lets time pass until the log has so many lines with this message. */
async function untilTold(msg: string, count: number): Promise<void> {
  await expect
    .poll(async () => {
      await clock.advance(5_000);
      return lines.with(msg).length;
    })
    .toBe(count);
}

test("a socket that was removed is made again, for its owner only, as often as that happens", async () => {
  for (let times = 1; times <= 3; times += 1) {
    await rm(path);
    await expect(ask()).rejects.toThrow("ENOENT");
    await untilTold(AGAIN, times);
    expect(await ask()).toBe("here");
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  }
  expect(await readdir(dirname(path))).toEqual(["agent.sock"]);
});

test("so it is where the whole folder went", async () => {
  await rm(dirname(path), { recursive: true });
  await untilTold(AGAIN, 1);
  expect(await ask()).toBe("here");
});

test("what stands in the socket's place is left alone", async () => {
  await rm(path);
  await writeFile(path, "a stranger's");
  for (let looks = 0; looks < 3; looks += 1) await clock.advance(5_000);
  expect((await stat(path)).isFile()).toBe(true);
  expect(lines.all).toEqual([]);
});

test("what keeps it from being made is told once, and it is made when that is gone", async () => {
  await rm(dirname(path), { recursive: true });
  await writeFile(dirname(path), "");
  // No folder any more: the path cannot even be looked up.
  for (let looks = 0; looks < 3; looks += 1) await clock.advance(5_000);
  await rm(dirname(path));
  await untilTold(AGAIN, 1);
  expect(lines.with(FAILED).length).toBeLessThan(2);
});

test("at the end the new socket goes, once the calls that came through it have their answer", async () => {
  await rm(path);
  await untilTold(AGAIN, 1);
  const answer = ask("/slow");
  await expect.poll(() => asked).toBe(1);
  ended.abort();
  await expect.poll(() => readdir(dirname(path))).toEqual([]);
  slow.resolve("late");
  expect(await answer).toBe("late");
  await kept;
});
