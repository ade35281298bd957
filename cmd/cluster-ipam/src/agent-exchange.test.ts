import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExchangeCall } from "@cluster-ipam/plugin";
import { expect, test } from "vitest";
import { exchange } from "./agent-exchange.ts";
import { answering, responseText, ScriptedAgent } from "./testing/scripted-agent.ts";
import { StalledAgent } from "./testing/stalled-agent.ts";

const REQUEST = "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}";

function callTo(path: string, deadlines: Partial<ExchangeCall> = {}): ExchangeCall {
  return { path, request: REQUEST, connectForMs: 300, answerWithinMs: 2000, ...deadlines };
}

async function timed<T>(run: () => Promise<T>): Promise<{ readonly result: T; readonly tookMs: number }> {
  const startedAtMs = performance.now();
  const result = await run();
  return { result, tookMs: performance.now() - startedAtMs };
}

test("the request arrives as it is and the answer comes back whole", async () => {
  await using agent = await ScriptedAgent.start(answering(200, "é😀"));
  expect(await exchange(callTo(agent.path))).toEqual({ kind: "answer", text: responseText(200, "é😀") });
  expect(agent.requests).toEqual([REQUEST]);
});

test("a character that is split between two packets stays one", async () => {
  const bytes = Buffer.from(responseText(200, "😀"));
  await using agent = await ScriptedAgent.start((socket) => {
    socket.write(bytes.subarray(0, -2));
    setTimeout(() => socket.end(bytes.subarray(-2)), 50);
  });
  expect(await exchange(callTo(agent.path))).toEqual({ kind: "answer", text: responseText(200, "😀") });
});

test("a slow agent is waited for", async () => {
  await using agent = await ScriptedAgent.start((socket) => {
    setTimeout(() => socket.end(responseText(200, "")), 400);
  });
  expect(await exchange(callTo(agent.path, { connectForMs: 0 }))).toMatchObject({ kind: "answer" });
});

test("an agent that comes up in time is reached", async () => {
  await using agent = new ScriptedAgent(answering(200, ""));
  const outcome = exchange(callTo(agent.path, { connectForMs: 2000 }));
  await new Promise((resolve) => setTimeout(resolve, 200));
  await agent.listen();
  expect(await outcome).toMatchObject({ kind: "answer" });
});

test("with nobody there it gives up when the time for connecting is over", async () => {
  const { result, tookMs } = await timed(() => exchange(callTo("/nonexistent/agent.sock")));
  expect(result).toEqual({ kind: "unreachable", reason: "ENOENT" });
  expect(tookMs).toBeGreaterThan(200);
  expect(tookMs).toBeLessThan(900);
});

test("a time of 0 tries once", async () => {
  const { result, tookMs } = await timed(() => exchange(callTo("/nonexistent/agent.sock", { connectForMs: 0 })));
  expect(result).toMatchObject({ kind: "unreachable" });
  expect(tookMs).toBeLessThan(50);
});

test("the socket file of an agent that has died counts as nobody there", async () => {
  const folder = mkdtempSync(join(tmpdir(), "cluster-ipam-"));
  const path = join(folder, "agent.sock");
  writeFileSync(path, "");
  expect(await exchange(callTo(path))).toEqual({ kind: "unreachable", reason: "ECONNREFUSED" });
  rmSync(folder, { recursive: true });
});

test("a path that can never work is not tried again", async () => {
  const path = `/tmp/${"x".repeat(200)}`;
  const { result, tookMs } = await timed(() => exchange(callTo(path, { connectForMs: 2000 })));
  expect(result).toMatchObject({ kind: "unreachable" });
  expect(tookMs).toBeLessThan(500);
});

test("an agent that says nothing ends in a timeout", async () => {
  await using agent = await ScriptedAgent.start(() => undefined);
  const { result, tookMs } = await timed(() => exchange(callTo(agent.path, { answerWithinMs: 300 })));
  expect(result).toEqual({ kind: "timeout" });
  expect(tookMs).toBeGreaterThan(290);
  expect(tookMs).toBeLessThan(900);
});

test("an agent that trickles and never ends does so too", async () => {
  await using agent = await ScriptedAgent.start((socket) => {
    const timer = setInterval(() => socket.write("x"), 20);
    socket.on("close", () => clearInterval(timer));
  });
  expect(await exchange(callTo(agent.path, { answerWithinMs: 300 }))).toEqual({ kind: "timeout" });
});

test("the time spent on connecting is part of the whole", async () => {
  await using agent = new ScriptedAgent(() => undefined);
  const run = timed(() => exchange(callTo(agent.path, { connectForMs: 2000, answerWithinMs: 500 })));
  await new Promise((resolve) => setTimeout(resolve, 300));
  await agent.listen();
  const { result, tookMs } = await run;
  expect(result).toEqual({ kind: "timeout" });
  expect(tookMs).toBeLessThan(750);
});

test("an agent that closes without a word gives an empty answer", async () => {
  await using agent = await ScriptedAgent.start((socket) => socket.end());
  expect(await exchange(callTo(agent.path))).toEqual({ kind: "answer", text: "" });
});

test("an agent that dies in the middle of the request breaks the connection", async () => {
  await using agent = await ScriptedAgent.start((socket) => socket.destroy());
  const request = REQUEST.padEnd(4_000_000, "x");
  expect(await exchange(callTo(agent.path, { request }))).toMatchObject({ kind: "broken" });
});

test("an agent whose queue is full is tried again until it has room", async () => {
  await using agent = await StalledAgent.start(responseText(200, ""));
  setTimeout(() => agent.resume(), 200);
  const { result, tookMs } = await timed(() => exchange(callTo(agent.path, { connectForMs: 2000 })));
  expect(result).toEqual({ kind: "answer", text: responseText(200, "") });
  expect(tookMs).toBeGreaterThan(150);
});
