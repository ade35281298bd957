import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { connect, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type FastifyInstance, fastify } from "fastify";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { never } from "../testing/agent-world.ts";
import { LogLines } from "../testing/log-lines.ts";
import { listenOn, lockNode } from "./socket.ts";

const WAITING = "another agent holds this node's lock, waiting for it to end";

describe("the socket", () => {
  let folder: string;
  let path: string;
  const servers: FastifyInstance[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "cluster-ipam-socket-"));
    path = join(folder, "run", "agent.sock");
  });

  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
    await rm(folder, { recursive: true });
  });

  /** A server that answers with its name, once `until` resolves. */
  function serverNamed(name: string, until: Promise<unknown> = Promise.resolve()): FastifyInstance {
    const server = fastify();
    server.get("/", async () => {
      await until;
      return name;
    });
    servers.push(server);
    return server;
  }

  async function ask(): Promise<string> {
    const request = httpRequest({ socketPath: path, path: "/", headers: { connection: "close" } });
    request.end();
    const [response] = (await once(request, "response")) as [AsyncIterable<Buffer>];
    let text = "";
    for await (const chunk of response) text += chunk.toString();
    return text;
  }

  test("is the owner's alone, in a folder that is made where it is missing", async () => {
    await listenOn(serverNamed("one"), path);
    expect((await stat(path)).isSocket()).toBe(true);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, "run"))).mode & 0o777).toBe(0o700);
    expect(await ask()).toBe("one");
  });

  test("takes the place of an earlier one, whose callers are still served by it", async () => {
    const answered = Promise.withResolvers<void>();
    const old = serverNamed("old", answered.promise);
    await listenOn(old, path);
    const asking = ask();
    await vi.waitFor(async () => expect(await connectionsOf(old)).toBe(1));
    await listenOn(serverNamed("new"), path);
    expect(await ask()).toBe("new");
    answered.resolve();
    expect(await asking).toBe("old");
  });

  test("takes the place of what a killed agent left, also under its own first path", async () => {
    await mkdir(join(folder, "run"));
    await writeFile(path, "");
    await writeFile(`${path}.${process.pid}`, "");
    await listenOn(serverNamed("one"), path);
    expect(await ask()).toBe("one");
    expect(await readdir(join(folder, "run"))).toEqual(["agent.sock"]);
  });

  test("is removed by the agent that made it", async () => {
    const remove = await listenOn(serverNamed("one"), path);
    await remove();
    expect(await readdir(join(folder, "run"))).toEqual([]);
    await remove();
  });

  test("is removed also after its server has closed", async () => {
    const server = serverNamed("one");
    const remove = await listenOn(server, path);
    await server.close();
    await remove();
    expect(await readdir(join(folder, "run"))).toEqual([]);
  });

  test("is left alone by an earlier agent that ends late", async () => {
    const old = serverNamed("old");
    const removeOld = await listenOn(old, path);
    await listenOn(serverNamed("new"), path);
    await old.close();
    await removeOld();
    expect(await ask()).toBe("new");
  });

  function connectionsOf(server: FastifyInstance): Promise<number> {
    return new Promise((resolve, reject) => {
      server.server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
    });
  }
});

describe("the lock of a node", () => {
  const locks: Server[] = [];
  const children: ChildProcess[] = [];
  let node: string;
  let lines: LogLines;

  beforeEach(({ task }) => {
    node = `test-${process.pid}-${task.id}`;
    lines = new LogLines();
  });

  afterEach(() => {
    for (const lock of locks.splice(0)) lock.close();
    for (const child of children.splice(0)) child.kill("SIGKILL");
  });

  async function lockOf(name: string, signal: AbortSignal = never()): Promise<Server> {
    const lock = await lockNode(name, { log: lines.log, signal });
    locks.push(lock);
    return lock;
  }

  /** A process of its own that holds the lock until it is killed. */
  async function holdElsewhere(name: string): Promise<ChildProcess> {
    const module = new URL("socket.ts", import.meta.url).href;
    const code = `
      import { lockNode } from ${JSON.stringify(module)};
      const log = { warn() {} };
      await lockNode(${JSON.stringify(name)}, { log, signal: new AbortController().signal });
      process.stdout.write("locked");
    `;
    const args = ["--conditions=@cluster-ipam/source", "--input-type=module", "--eval", code];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    children.push(child);
    await once(child.stdout, "data");
    return child;
  }

  test("is held by one agent: the second waits, says so once, and has it when the first ends", async () => {
    const first = await lockOf(node);
    let isSecond = false;
    const second = lockOf(node).then(() => {
      isSecond = true;
    });
    await sleep(500);
    expect(isSecond).toBe(false);
    expect(lines.with(WAITING)).toHaveLength(1);
    first.close();
    await second;
  });

  test("is free again when the process that held it was killed", async () => {
    const child = await holdElsewhere(node);
    const waiting = lockOf(node);
    await vi.waitFor(() => expect(lines.with(WAITING)).toHaveLength(1));
    child.kill("SIGKILL");
    await waiting;
  });

  test("is not waited for by an agent that is told to end", async () => {
    await lockOf(node);
    const ended = new AbortController();
    const reason = new Error("told to end");
    const waiting = lockOf(node, ended.signal);
    await vi.waitFor(() => expect(lines.with(WAITING)).toHaveLength(1));
    ended.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });

  test("does not concern other nodes", async () => {
    await lockOf(node);
    await lockOf(`${node}-other`);
    expect(lines.with(WAITING)).toEqual([]);
  });

  test.each([
    ["slashes and blanks", "a/../b c\n"],
    ["letters of other scripts", "nœud-π-节点"],
    ["the longest name of an object", "n".repeat(252)],
    ["more bytes than a socket's name has", "é".repeat(100)],
  ])("is one for each node whose name has %s", async (_, suffix) => {
    const name = `${node}-${suffix}`;
    await lockOf(`${name}1`);
    await lockOf(`${name}2`);
    expect(lines.with(WAITING)).toEqual([]);
    const ended = new AbortController();
    const waiting = lockOf(`${name}1`, ended.signal);
    await vi.waitFor(() => expect(lines.with(WAITING)).toHaveLength(1));
    ended.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
  });

  test("closes on whoever connects to it", async () => {
    await lockOf(node);
    const socket = connect(`\0cluster-ipam-agent/${node}`);
    await once(socket, "close");
    expect(socket.destroyed).toBe(true);
  });
});
