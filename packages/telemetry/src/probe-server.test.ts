import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ProbeServer } from "./probe-server.ts";

let problems: string[];
let server: ProbeServer;
let origin: string;

beforeEach(async () => {
  problems = [];
  const probe = (name: string) => async (): Promise<readonly string[]> => {
    if (problems.includes("throw")) throw new Error(`${name} cannot be told`);
    return problems.filter((problem) => problem.startsWith(name));
  };
  server = new ProbeServer({
    metrics: { contentType: "text/plain; version=0.0.4", text: () => Promise.resolve("up 1\n") },
    probes: { "/livez": probe("live"), "/readyz": probe("ready") },
  });
  origin = `http://127.0.0.1:${await server.listen({ host: "127.0.0.1", port: 0 })}`;
});

afterEach(() => server.close());

async function get(path: string, method = "GET"): Promise<readonly [number, string]> {
  const answer = await fetch(origin + path, { method });
  return [answer.status, await answer.text()];
}

test("metrics are served with their media type, and not to be kept", async () => {
  const answer = await fetch(`${origin}/metrics?x=1`);
  expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4");
  expect(answer.headers.get("cache-control")).toBe("no-store");
  expect(await answer.text()).toBe("up 1\n");
});

test("a probe is well, or says all that is wrong", async () => {
  expect([await get("/livez"), await get("/readyz")]).toEqual([
    [200, "ok\n"],
    [200, "ok\n"],
  ]);
  problems = ["ready: a", "ready: b"];
  expect([await get("/livez"), await get("/readyz")]).toEqual([
    [200, "ok\n"],
    [503, "ready: a\nready: b\n"],
  ]);
  problems = ["live: c"];
  expect((await get("/livez"))[0]).toBe(503);
});

test("a probe that fails is no process that is well", async () => {
  problems = ["throw"];
  expect(await get("/livez")).toEqual([500, "live cannot be told\n"]);
});

test("nothing else is served", async () => {
  expect(await get("/")).toEqual([404, "not found: /metrics, /livez, /readyz\n"]);
  for (const path of ["/metrics", "/"]) expect(await get(path, "POST")).toEqual([405, "only GET is served\n"]);
  expect(await get("/readyz", "HEAD")).toEqual([200, ""]);
});

test("an address that is taken is told", async () => {
  const other = new ProbeServer({
    metrics: { contentType: "", text: () => Promise.resolve("") },
    probes: {},
  });
  const port = Number(new URL(origin).port);
  await expect(other.listen({ host: "127.0.0.1", port })).rejects.toThrow(
    `EADDRINUSE: address already in use 127.0.0.1:${port}`,
  );
  await other.close();
});

test("closing ends connections that ask for nothing", async () => {
  const socket = connect(Number(new URL(origin).port), "127.0.0.1");
  await once(socket, "connect");
  const ended = once(socket, "close");
  socket.resume();
  await server.close();
  await ended;
  expect(socket.destroyed).toBe(true);
});
