import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import type { ConfigSource } from "./config-source.ts";
import { KubeClient, type KubeClientOptions } from "./kube-client.ts";
import type { KubeAnswer, KubeRequest } from "./kube-request.ts";
import {
  type Answer,
  answerJson,
  answerText,
  cutBody,
  GARBAGE,
  HANG,
  HANG_UP,
  ScriptedServer,
} from "./testing/index.ts";

const POST: KubeRequest = { method: "POST", path: "/things", body: '{"a":1}', timeoutMs: 5_000 };
const GET: KubeRequest = { method: "GET", path: "/things/a", timeoutMs: 5_000 };

async function startServer(): Promise<ScriptedServer> {
  const server = await ScriptedServer.start();
  onTestFinished(() => server.close());
  return server;
}

function clientOf(source: ConfigSource, options: Pick<KubeClientOptions, "onAnswer"> = {}): KubeClient {
  const client = new KubeClient({ source, userAgent: "test/1.2.3", ...options });
  onTestFinished(() => client.close());
  return client;
}

async function serverAndClient(...answers: readonly Answer[]): Promise<{ server: ScriptedServer; client: KubeClient }> {
  const server = await startServer();
  server.answerWith(...answers);
  return { server, client: clientOf(server.source()) };
}

describe("a request of KubeClient", () => {
  it("carries path, query, time-out, credentials and body", async () => {
    const { server, client } = await serverAndClient(answerJson(201, { ok: true }));
    const answer = await client.request({ ...POST, query: { fieldSelector: "spec.node=a,b&c", limit: "7" } });
    expect(answer).toEqual({ kind: "answered", status: 201, body: '{"ok":true}' });
    const [request] = server.requests;
    expect(request).toMatchObject({ method: "POST", body: '{"a":1}' });
    const url = new URL(request?.target ?? "", server.url);
    expect(url.pathname).toBe("/things");
    expect(url.searchParams.get("fieldSelector")).toBe("spec.node=a,b&c");
    expect(url.searchParams.get("limit")).toBe("7");
    expect(url.searchParams.get("timeout")).toMatch(/^(4\d{3}|5000)ms$/);
    expect(request?.headers).toMatchObject({
      authorization: "Bearer secret",
      "user-agent": "test/1.2.3",
      accept: "application/json",
      "content-type": "application/json",
    });
  });

  it("asks for another media type, and sends no content type without a body", async () => {
    const { server, client } = await serverAndClient(answerText(200, "ok"));
    await client.request({ ...GET, accept: "application/json;as=Table" });
    expect(server.requests[0]?.headers.accept).toBe("application/json;as=Table");
    expect(server.requests[0]?.headers).not.toHaveProperty("content-type");
  });

  it("puts a body together that comes in pieces, also when they cut a character", async () => {
    const text = Buffer.from("a€".repeat(100_000));
    const { client } = await serverAndClient((response) => {
      response.writeHead(200).write(text.subarray(0, 2));
      setTimeout(() => response.end(text.subarray(2)), 20);
    });
    expect(await client.request(GET)).toEqual({ kind: "answered", status: 200, body: text.toString() });
  });

  it.each([
    ["3", 3_000],
    ["0", 0],
    ["Wed, 21 Oct 2026 07:28:00 GMT", undefined],
    ["-1", undefined],
  ])("reads Retry-After: %s", async (value, expected) => {
    const { client } = await serverAndClient(answerText(429, "busy", { "retry-after": value }));
    expect(await client.request(POST)).toEqual({
      kind: "answered",
      status: 429,
      body: "busy",
      ...(expected === undefined ? {} : { retryAfterMs: expected }),
    });
  });

  it("works behind a path of a gateway", async () => {
    const server = await startServer();
    server.answerWith(answerText(200, "ok"));
    const client = clientOf(server.source({ cluster: { server: `${server.url}/k8s/clusters/c1/` } }));
    await client.request(GET);
    expect(server.requests[0]?.target).toMatch(/^\/k8s\/clusters\/c1\/things\/a\?/);
    expect(client.server).toBe(`${server.url}/k8s/clusters/c1`);
  });

  it("is reported once it is over, with what became of it", async () => {
    const server = await startServer();
    server.answerWith(answerText(200, "ok"), HANG_UP);
    const seen: [KubeRequest, KubeAnswer, number][] = [];
    const client = clientOf(server.source(), { onAnswer: (...report) => seen.push(report) });
    const answers = [await client.request(GET), await client.request(POST)];
    expect(seen.map(([request]) => request)).toEqual([GET, POST]);
    expect(seen.map(([, answer]) => answer)).toEqual(answers);
    expect(seen.every(([, , durationMs]) => durationMs > 0)).toBe(true);
  });
});

describe("a request that fails", () => {
  it.each([
    ["the body is cut off", cutBody(201)],
    ["the connection is closed before the answer", HANG_UP],
    ["the answer is not HTTP", GARBAGE],
  ])("may have reached the server, and is not repeated, when %s", async (_title, answer) => {
    const { server, client } = await serverAndClient(answer, answerText(201, "{}"));
    expect(await client.request(POST)).toMatchObject({ kind: "failed", isSent: true, cause: expect.any(Error) });
    await sleep(50);
    expect(server.requests).toHaveLength(1);
    expect(await client.request(POST)).toMatchObject({ kind: "answered", status: 201 });
    expect(server.requests).toHaveLength(2);
  });

  it("may have reached the server when there is no answer in time", async () => {
    const { server, client } = await serverAndClient(HANG);
    const startedAtMs = performance.now();
    const answer = await client.request({ ...POST, timeoutMs: 200 });
    expect(performance.now() - startedAtMs).toBeLessThan(1_000);
    expect(answer).toMatchObject({ kind: "failed", isSent: true, cause: { message: "no answer within 0.2 s" } });
    expect(server.requests).toHaveLength(1);
  });

  it("counts the whole answer towards its time, not its first byte", async () => {
    const { client } = await serverAndClient((response) =>
      response.writeHead(201, { "content-length": 10 }).write("{"),
    );
    expect(await client.request({ ...POST, timeoutMs: 200 })).toMatchObject({ kind: "failed", isSent: true });
  });

  it("has surely not reached the server when nobody listens", async () => {
    const server = await ScriptedServer.start();
    const client = clientOf(server.source());
    await server.close();
    const answer = await client.request(POST);
    expect(answer).toMatchObject({ kind: "failed", isSent: false });
    expect(answer.kind === "failed" && answer.cause.message).toContain("ECONNREFUSED");
  });

  it("has surely not reached the server when its name does not exist", async () => {
    const client = clientOf((await startServer()).source({ cluster: { server: "https://api.invalid" } }));
    expect(await client.request(POST)).toMatchObject({ kind: "failed", isSent: false });
  });

  it("has surely not reached the server when it waited for a free connection all its time", async () => {
    const { server, client } = await serverAndClient(HANG);
    const controller = new AbortController();
    const held = { ...POST, timeoutMs: 25_000, signal: controller.signal };
    const busy = Array.from({ length: 64 }, () => client.request(held));
    await expect.poll(() => server.requests.length, { timeout: 20_000 }).toBe(64);
    expect(await client.request({ ...POST, timeoutMs: 100 })).toMatchObject({ kind: "failed", isSent: false });
    server.answerWith(answerText(201, "{}"));
    controller.abort();
    expect((await Promise.all(busy)).every((answer) => answer.kind === "failed" && answer.isSent)).toBe(true);
    await sleep(50);
    expect(server.requests).toHaveLength(64);
  });

  it("ends early with the reason of its signal", async () => {
    const { server, client } = await serverAndClient(HANG);
    const controller = new AbortController();
    const answer = client.request({ ...GET, signal: controller.signal });
    await expect.poll(() => server.requests.length).toBe(1);
    const reason = new Error("enough");
    controller.abort(reason);
    expect(await answer).toEqual({ kind: "failed", cause: reason, isSent: true });
    expect(await client.request({ ...GET, signal: controller.signal })).toEqual({
      kind: "failed",
      cause: reason,
      isSent: false,
    });
    expect(server.requests).toHaveLength(1);
  });
});

describe("connections of KubeClient", () => {
  it("are kept, also after a DELETE with a body", async () => {
    const { server, client } = await serverAndClient(answerText(200, "{}"));
    for (const method of ["POST", "DELETE", "PUT", "DELETE", "DELETE", "DELETE", "POST", "DELETE"] as const) {
      expect(await client.request({ ...POST, method })).toMatchObject({ kind: "answered", status: 200 });
    }
    // A connection is free again a moment after its answer: what comes at once takes a second one.
    expect(server.accepted).toBeLessThanOrEqual(2);
  });

  it("that the server closed while they were idle fail no request", async () => {
    const { server, client } = await serverAndClient(answerText(201, "{}"));
    for (const round of [1, 2, 3]) {
      const answers = await Promise.all([client.request(POST), client.request(POST), client.request(POST)]);
      expect(answers.map((answer) => answer.kind)).toEqual(["answered", "answered", "answered"]);
      expect(server.requests).toHaveLength(3 * round);
      server.dropConnections();
      // Both ends live in this process: the other one needs a moment to be told.
      await sleep(20);
    }
  });

  it("that answer no more are all given up at once, not one request after the other", async () => {
    const { server, client } = await serverAndClient(answerText(201, "{}"));
    await Promise.all(Array.from({ length: 8 }, () => client.request(POST)));
    server.answerWith(HANG, answerText(201, "{}"));
    const before = server.accepted;
    expect(await client.request({ ...POST, timeoutMs: 100 })).toMatchObject({ kind: "failed" });
    expect(server.accepted).toBe(before);
    await client.request(POST);
    expect(server.accepted).toBe(before + 1);
  });

  it("finish what runs on them when others are given up", async () => {
    const { server, client } = await serverAndClient(
      (response) => setTimeout(() => response.writeHead(201).end("{}"), 400),
      HANG,
    );
    const slow = client.request(POST);
    await expect.poll(() => server.requests.length).toBe(1);
    expect(await client.request({ ...POST, timeoutMs: 100 })).toMatchObject({ kind: "failed" });
    expect(await slow).toMatchObject({ kind: "answered", status: 201 });
  });

  it("are closed once the last answer is there; a later request is not sent", async () => {
    const { server, client } = await serverAndClient((response) =>
      setTimeout(() => response.writeHead(201).end("{}"), 200),
    );
    const running = client.request(POST);
    await expect.poll(() => server.requests.length).toBe(1);
    let isClosed = false;
    const closing = client.close().then(() => (isClosed = true));
    expect(await client.request(POST)).toMatchObject({
      kind: "failed",
      isSent: false,
      cause: { message: "the client is closed" },
    });
    expect(isClosed).toBe(false);
    expect(await running).toMatchObject({ kind: "answered", status: 201 });
    await closing;
    expect(server.requests).toHaveLength(1);
  });
});
