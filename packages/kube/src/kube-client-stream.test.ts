import type { ServerResponse } from "node:http";
import type { Dispatcher } from "undici";
import { describe, expect, it, onTestFinished } from "vitest";
import { Circuit } from "./circuit.ts";
import { KubeClient, type KubeClientOptions } from "./kube-client.ts";
import type { KubeAnswer } from "./kube-request.ts";
import { type StreamEnding, type StreamRequest, streamLines } from "./line-stream.ts";
import {
  type Answer,
  answerStatus,
  answerText,
  configSource,
  GARBAGE,
  HANG,
  HANG_UP,
  ScriptedServer,
} from "./testing/index.ts";

/** Far longer than a test takes, however slow the machine. */
const PATIENCE_MS = 25_000;

interface Stream {
  readonly lines: string[];
  readonly ending: Promise<StreamEnding>;
  /** Resolves when there are so many lines. */
  readonly has: (count: number) => Promise<void>;
}

function open(client: KubeClient, options: Partial<StreamRequest> = {}): Stream {
  const lines: string[] = [];
  const waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  const ending = client.stream({
    path: "/things",
    timeoutMs: PATIENCE_MS,
    silenceMs: PATIENCE_MS,
    onLine: (line) => {
      lines.push(line);
      for (const { count, resolve } of waiting) if (lines.length >= count) resolve();
    },
    ...options,
  });
  const has = (count: number): Promise<void> =>
    new Promise((resolve) => {
      if (lines.length >= count) return resolve();
      waiting.push({ count, resolve });
    });
  return { lines, ending, has };
}

async function serverAndClient(
  answers: readonly Answer[],
  options: Partial<KubeClientOptions> = {},
): Promise<{ readonly server: ScriptedServer; readonly client: KubeClient }> {
  const server = await ScriptedServer.start();
  server.answerWith(...answers);
  const client = new KubeClient({ source: server.source(), userAgent: "test/1", ...options });
  onTestFinished(async () => {
    await client.close();
    await server.close();
  });
  return { server, client };
}

/** Begins an answer, and leaves the rest to the test. */
function openAnswer(): { readonly answer: Answer; readonly response: Promise<ServerResponse> } {
  const { promise, resolve } = Promise.withResolvers<ServerResponse>();
  const answer: Answer = (response) => {
    response.writeHead(200).flushHeaders();
    resolve(response);
  };
  return { answer, response: promise };
}

describe("a stream of KubeClient", () => {
  it("hands lines over as they come, put together from pieces", async () => {
    const { answer, response } = openAnswer();
    const { server, client } = await serverAndClient([answer]);
    const stream = open(client, { query: { watch: "true", labelSelector: "a=b,c" } });
    const wire = await response;
    wire.write('{"a":1}\n{"b"');
    await stream.has(1);
    expect(stream.lines).toEqual(['{"a":1}']);
    wire.write(Buffer.from(":2}\n€").subarray(0, 5));
    await stream.has(2);
    wire.end(Buffer.from("€\n").subarray(1));
    expect(await stream.ending).toEqual({ kind: "ended" });
    expect(stream.lines).toEqual(['{"a":1}', '{"b":2}', "€"]);
    expect(server.requests[0]).toMatchObject({
      method: "GET",
      target: "/things?watch=true&labelSelector=a%3Db%2Cc",
      headers: { authorization: "Bearer secret" },
    });
  });

  it("says when it is open, and is counted then, once", async () => {
    const counted: [string, KubeAnswer][] = [];
    const { answer, response } = openAnswer();
    const { client } = await serverAndClient([answer], {
      onAnswer: ({ method, path }, ending) => counted.push([`${method} ${path}`, ending]),
    });
    const opened = Promise.withResolvers<void>();
    const stream = open(client, { onOpen: opened.resolve });
    await opened.promise;
    expect(counted).toEqual([["GET /things", { kind: "answered", status: 200, body: "" }]]);
    (await response).destroy();
    expect(await stream.ending).toMatchObject({ kind: "failed" });
    expect(counted).toHaveLength(1);
  });

  it.each([
    ["within a line", '{"a":1}\n{"b"'],
    ["after a line", '{"a":1}\n'],
  ])("fails when the connection breaks %s, and keeps what was whole", async (_title, text) => {
    const { answer, response } = openAnswer();
    const { client } = await serverAndClient([answer]);
    const stream = open(client);
    const wire = await response;
    wire.write(text);
    await stream.has(1);
    wire.destroy();
    expect(await stream.ending).toMatchObject({ kind: "failed", isSent: true });
    expect(stream.lines).toEqual(['{"a":1}']);
  });

  it("fails when it is ended in order, but within a line", async () => {
    const { client } = await serverAndClient([answerText(200, '{"a":1}\n{"b"')]);
    const stream = open(client);
    expect(await stream.ending).toMatchObject({ kind: "failed", cause: { message: "the stream ended within a line" } });
    expect(stream.lines).toEqual(['{"a":1}']);
  });

  it("is given up when nothing comes for too long, and the next one has a connection of its own", async () => {
    const { answer, response } = openAnswer();
    const { server, client } = await serverAndClient([answer, answerText(200, "next\n")]);
    const stream = open(client, { silenceMs: 100 });
    (await response).write("first\n");
    expect(await stream.ending).toEqual({ kind: "silent" });
    expect(await open(client).ending).toEqual({ kind: "ended" });
    expect(server.accepted).toBe(2);
  });

  it("is given up when there is no status in time", async () => {
    const { client } = await serverAndClient([HANG]);
    const ending = await open(client, { timeoutMs: 100 }).ending;
    expect(ending).toMatchObject({
      kind: "failed",
      cause: { message: expect.stringMatching(/^no answer within 0\.\d+ s$/) },
    });
  });

  it.each([
    ["410", answerStatus(410, "Expired", "too old"), { status: 410, body: expect.stringContaining("too old") }],
    ["429", answerText(429, "busy", { "retry-after": "7" }), { status: 429, body: "busy", retryAfterMs: 7_000 }],
    ["204", answerText(204, ""), { status: 204, body: "" }],
  ])("is an answer where there is a status %s", async (_title, answer, expected) => {
    const { client } = await serverAndClient([answer]);
    const stream = open(client);
    expect(await stream.ending).toEqual({ kind: "answered", ...expected });
    expect(stream.lines).toEqual([]);
  });

  it("keeps no more than the beginning of a refusal", async () => {
    const { client } = await serverAndClient([answerText(500, "x".repeat(10_000_000))]);
    const ending = await open(client).ending;
    expect(ending.kind === "answered" && ending.body.length).toBeLessThan(1_000_000);
  });

  it.each([
    ["the connection is closed", HANG_UP],
    ["the answer is not HTTP", GARBAGE],
  ])("fails when %s", async (_title, answer) => {
    const { client } = await serverAndClient([answer]);
    expect(await open(client).ending).toMatchObject({ kind: "failed", cause: expect.any(Error) });
  });

  it("fails when nobody listens, or the certificate is of somebody else", async () => {
    const { server, client } = await serverAndClient([HANG]);
    const other = new KubeClient({ source: configSource({ server: server.url }, {}), userAgent: "test/1" });
    expect(await open(other).ending).toMatchObject({ kind: "failed", isSent: false });
    await other.close();
    await server.close();
    expect(await open(client).ending).toMatchObject({ kind: "failed", isSent: false });
  });

  it("comes again with new credentials after 401, once", async () => {
    const unauthorized = answerStatus(401, "Unauthorized", "who?");
    const { server, client } = await serverAndClient([unauthorized, answerText(200, "a\n")]);
    expect(await open(client).ending).toEqual({ kind: "ended" });
    server.answerWith(unauthorized);
    expect(await open(client).ending).toMatchObject({ kind: "answered", status: 401 });
    expect(server.requests).toHaveLength(4);
  });

  it("ends with its signal, also in the midst of lines that came together", async () => {
    const { client } = await serverAndClient([answerText(200, "a\nb\nc\n")]);
    const controller = new AbortController();
    const lines: string[] = [];
    const onLine = (line: string): void => {
      lines.push(line);
      controller.abort(new Error("enough"));
    };
    const ending = await open(client, { onLine, signal: controller.signal }).ending;
    expect(ending).toMatchObject({ kind: "failed", cause: { message: "enough" } });
    expect(lines).toEqual(["a"]);
    expect(await open(client, { signal: controller.signal }).ending).toMatchObject({ kind: "failed", isSent: false });
  });

  it("ends with what the one who reads throws, and takes nothing more", async () => {
    const { client } = await serverAndClient([answerText(200, "a\nb\n")]);
    const lines: string[] = [];
    const onLine = (line: string): void => {
      lines.push(line);
      throw new Error("not that");
    };
    expect(await open(client, { onLine }).ending).toMatchObject({ kind: "failed", cause: { message: "not that" } });
    expect(lines).toEqual(["a"]);
  });

  it("is ended when the client is closed, which does not wait for it", async () => {
    const { answer, response } = openAnswer();
    const { client } = await serverAndClient([answer]);
    const stream = open(client);
    await response;
    await client.close();
    expect(await stream.ending).toMatchObject({ kind: "failed", cause: { message: "the client is closed" } });
    expect(await open(client).ending).toMatchObject({ kind: "failed", isSent: false });
  });

  it("leaves other requests alone while it lasts, though they fail", async () => {
    const { answer, response } = openAnswer();
    const others: Answer = (...given) =>
      (given[1].target.startsWith("/hanging") ? HANG : answerText(200, "ok"))(...given);
    const { client } = await serverAndClient([answer, others]);
    const stream = open(client);
    const wire = await response;
    const hanging = { method: "GET", path: "/hanging", timeoutMs: 100 } as const;
    expect(await client.request(hanging)).toMatchObject({ kind: "failed" });
    const other = { method: "GET", path: "/other", timeoutMs: PATIENCE_MS } as const;
    expect(await client.request(other)).toMatchObject({ kind: "answered" });
    wire.end("still here\n");
    expect(await stream.ending).toEqual({ kind: "ended" });
    expect(stream.lines).toEqual(["still here"]);
  });

  it("tells the circuit once the status is there, and is not sent while it is open", async () => {
    const circuit = new Circuit({ nowMs: () => 0, date: () => new Date(0), random: () => 0 });
    const { answer, response } = openAnswer();
    const { server, client } = await serverAndClient([HANG_UP, HANG_UP, answer, HANG_UP], { circuit });
    for (let count = 0; count < 2; count += 1) await open(client).ending;
    const stream = open(client);
    (await response).destroy();
    await stream.ending;
    expect(circuit.state.kind).toBe("closed");
    for (let count = 0; count < 3; count += 1) await open(client).ending;
    expect(circuit.state.kind).toBe("open");
    expect(await open(client).ending).toMatchObject({ kind: "failed", isSent: false });
    expect(server.requests).toHaveLength(6);
  });
});

describe("streamLines", () => {
  it("lets no time-out of the transport end a quiet stream", () => {
    const options: Dispatcher.DispatchOptions[] = [];
    const dispatch = (given: Dispatcher.DispatchOptions): boolean => options.push(given) > 0;
    const controller = new AbortController();
    const request = { path: "/", timeoutMs: 1_000, silenceMs: 1_000, onLine: () => undefined };
    const exchange = { origin: "https://a", target: "/", headers: [], onOpen: () => undefined };
    const ending = streamLines({ dispatch } as unknown as Dispatcher, {
      ...exchange,
      request: { ...request, signal: controller.signal },
    });
    controller.abort();
    expect(options).toMatchObject([{ bodyTimeout: 0, headersTimeout: 0 }]);
    return expect(ending).resolves.toMatchObject({ kind: "failed" });
  });
});
