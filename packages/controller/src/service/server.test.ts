import { once } from "node:events";
import { connect } from "node:net";
import type { FastifyInstance } from "fastify";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createServer } from "./server.ts";

let problems: Record<"healthy" | "ready", readonly string[]>;
let failure: Error | undefined;
let server: FastifyInstance;
let origin: string;

beforeEach(async () => {
  problems = { healthy: [], ready: [] };
  failure = undefined;
  const told = (probe: "healthy" | "ready"): readonly string[] => {
    if (failure !== undefined) throw failure;
    return problems[probe];
  };
  server = createServer({
    metrics: { contentType: "text/plain; version=0.0.4", text: () => Promise.resolve("up 1\n") },
    healthy: () => told("healthy"),
    ready: () => told("ready"),
  });
  origin = await server.listen({ host: "127.0.0.1", port: 0 });
});

afterEach(() => server.close());

async function get(path: string, init: RequestInit = {}): Promise<readonly [number, string]> {
  const answer = await fetch(origin + path, init);
  return [answer.status, await answer.text()];
}

test("metrics are served with their media type, and not to be kept", async () => {
  const answer = await fetch(`${origin}/metrics?x=1`);
  expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4");
  expect(answer.headers.get("cache-control")).toBe("no-store");
  expect(await answer.text()).toBe("up 1\n");
});

test("a probe is well, or says all that is wrong", async () => {
  expect(await get("/healthz")).toEqual([200, "ok\n"]);
  expect(await get("/readyz")).toEqual([200, "ok\n"]);
  problems.ready = ["a", "b"];
  expect(await get("/healthz")).toEqual([200, "ok\n"]);
  expect(await get("/readyz")).toEqual([503, "a\nb\n"]);
  problems.healthy = ["c"];
  expect(await get("/healthz")).toEqual([503, "c\n"]);
});

test("a probe that fails is no process that is well", async () => {
  failure = new Error("cannot be told");
  expect((await get("/healthz"))[0]).toBe(500);
});

test("nothing else is served, and no body taken", async () => {
  expect((await get("/"))[0]).toBe(404);
  expect((await get("/metrics", { method: "POST" }))[0]).toBe(404);
  expect(await get("/readyz", { method: "HEAD" })).toEqual([200, ""]);
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
