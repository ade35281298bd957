import { describe, expect, it } from "vitest";
import type { KubeAnswer, KubeRequest } from "./kube-request.ts";
import { type ReadOutcome, readPersistently } from "./persistent-read.ts";

const READ = { path: "/things", query: { limit: "1" }, timeoutMs: 1_000 };
const FAILED: KubeAnswer = { kind: "failed", cause: new Error("connect ECONNREFUSED"), isSent: false };

function answered(status: number, body: string, retryAfterMs?: number): KubeAnswer {
  return { kind: "answered", status, body, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

/** Gives the answers in turn, the last one for ever. */
class ScriptedClient {
  readonly requests: KubeRequest[] = [];
  readonly #answers: KubeAnswer[];

  constructor(...answers: KubeAnswer[]) {
    this.#answers = answers;
  }

  async request(request: KubeRequest): Promise<KubeAnswer> {
    this.requests.push(request);
    const answer = this.#answers.length > 1 ? this.#answers.shift() : this.#answers[0];
    if (answer === undefined) throw new Error("no answer");
    return answer;
  }
}

function read(client: ScriptedClient, signal: AbortSignal = new AbortController().signal): Promise<ReadOutcome> {
  return readPersistently(client, READ, signal, () => 1);
}

describe("readPersistently", () => {
  it("gives the JSON of a 200, asked for with GET", async () => {
    const client = new ScriptedClient(answered(200, '{"a":[1]}'));
    expect(await read(client)).toEqual({ kind: "value", value: { a: [1] } });
    expect(client.requests).toEqual([{ ...READ, method: "GET", signal: expect.any(AbortSignal), isRetry: false }]);
  });

  it.each([
    ["no connection", FAILED],
    ["500", answered(500, "oops")],
    ["503", answered(503, "not ready")],
    ["504", answered(504, "slow")],
    ["429", answered(429, "busy")],
    ["408", answered(408, "slow")],
    ["JSON that is cut off", answered(200, '{"a":[1')],
    ["an empty body", answered(200, "")],
  ])("reads again after %s", async (_title, answer) => {
    const client = new ScriptedClient(answer, answer, answered(200, "{}"));
    expect(await read(client)).toEqual({ kind: "value", value: {} });
    expect(client.requests).toHaveLength(3);
  });

  it.each([[400], [401], [403], [404], [410], [422]])("takes %i for the last word", async (status) => {
    const client = new ScriptedClient(answered(status, "no"));
    expect(await read(client)).toEqual({ kind: "declined", status, body: "no" });
    expect(client.requests).toHaveLength(1);
  });

  it("comes back no earlier than Retry-After says", async () => {
    const startedAtMs = performance.now();
    await read(new ScriptedClient(answered(429, "busy", 400), answered(200, "{}")));
    expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(395);
  });

  it("waits longer from try to try", async () => {
    const client = new ScriptedClient(FAILED);
    await read(client, AbortSignal.timeout(500));
    // After 50, 150 and 350 ms, as chance halves each pause.
    expect(client.requests).toHaveLength(4);
  });

  it("ends with its signal, also within a long pause, and says why and since when", async () => {
    const startedAtMs = performance.now();
    const outcome = await read(new ScriptedClient(answered(503, "not ready", 60_000)), AbortSignal.timeout(150));
    expect(performance.now() - startedAtMs).toBeLessThan(1_000);
    expect(outcome).toMatchObject({ kind: "unanswered", isAnswered: true, cause: { message: "503 not ready" } });
    expect(outcome.kind === "unanswered" && outcome.triedMs).toBeGreaterThanOrEqual(145);
  });

  it("tells the failure of the server, not that its last try was cut short", async () => {
    const controller = new AbortController();
    const client = new ScriptedClient(FAILED);
    const cut = { kind: "failed", cause: new Error("aborted"), isSent: true } as const;
    const request = async (asked: KubeRequest): Promise<KubeAnswer> => {
      const answer = await client.request(asked);
      if (client.requests.length < 2) return answer;
      controller.abort(new Error("deadline"));
      return cut;
    };
    const outcome = await readPersistently({ request }, READ, controller.signal, () => 1);
    expect(outcome).toMatchObject({
      kind: "unanswered",
      cause: { message: "connect ECONNREFUSED" },
      isAnswered: false,
    });
  });

  it("asks nothing once its signal has aborted", async () => {
    const client = new ScriptedClient(answered(200, "{}"));
    const outcome = await read(client, AbortSignal.abort(new Error("too late")));
    expect(outcome).toMatchObject({ kind: "unanswered", cause: { message: "too late" } });
    expect(client.requests).toHaveLength(0);
  });
});
