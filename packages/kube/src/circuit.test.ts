import fc from "fast-check";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { Circuit, type RequestEnding } from "./circuit.ts";
import { KubeClient } from "./kube-client.ts";
import type { KubeRequest } from "./kube-request.ts";
import { type Answer, answerJson, answerStatus, answerText, HANG, HANG_UP, ScriptedServer } from "./testing/index.ts";

const ANSWERED: RequestEnding = { kind: "answered" };
const ABANDONED: RequestEnding = { kind: "abandoned" };
const FAILED: RequestEnding = { kind: "failed", reason: "connect ECONNREFUSED" };
const TIMED_OUT: RequestEnding = { kind: "failed", reason: "no answer within 4 s" };
const NOON = new Date("2026-11-21T12:00:00Z");

let nowMs: number;
let chance: number;
let circuit: Circuit;
let openings: number;

beforeEach(() => {
  nowMs = 1_000;
  chance = 0;
  circuit = new Circuit({ nowMs: () => nowMs, date: () => NOON, random: () => chance });
  openings = 0;
  circuit.onChange(({ kind }) => {
    if (kind !== "closed") openings += 1;
  });
});

/** One request that takes a millisecond. */
function request(ending: RequestEnding): boolean {
  const end = circuit.admit();
  nowMs += 1;
  end?.(ending);
  return end !== undefined;
}

function open(): void {
  for (let time = 0; time < 3; time += 1) request(FAILED);
}

describe("a circuit opens", () => {
  test("after three failures in a row, and tells since when and why", () => {
    request(FAILED);
    request(FAILED);
    expect(circuit.state).toEqual({ kind: "closed" });
    request({ ...FAILED, reason: "read ECONNRESET" });
    expect(circuit.state).toEqual({ kind: "open", since: NOON, forMs: 2, lastFailure: "read ECONNRESET" });
    expect(openings).toBe(1);
    expect(circuit.isPassable).toBe(false);
    expect(request(ANSWERED)).toBe(false);
  });

  test("not where an answer came in between", () => {
    for (let time = 0; time < 10; time += 1) {
      request(FAILED);
      request(FAILED);
      request(ANSWERED);
    }
    expect(circuit.state).toEqual({ kind: "closed" });
  });

  test("not where the requests were given up by who made them", () => {
    for (let time = 0; time < 10; time += 1) request(ABANDONED);
    expect(circuit.state).toEqual({ kind: "closed" });
  });

  test("not where one broken server took many requests with it at once, but when two more fail afterwards", () => {
    const underWay = Array.from({ length: 64 }, () => circuit.admit());
    nowMs += 1;
    for (const end of underWay) end?.(FAILED);
    expect(circuit.state).toEqual({ kind: "closed" });
    request(FAILED);
    request(FAILED);
    expect(circuit.state.kind).toBe("open");
  });

  test("at once where many requests under way waited in vain", () => {
    const underWay = Array.from({ length: 3 }, () => circuit.admit());
    nowMs += 4_000;
    for (const end of underWay) end?.(TIMED_OUT);
    expect(circuit.state.kind).toBe("open");
  });
});

describe("an open circuit", () => {
  beforeEach(open);

  test("lets one request through after a second, and no other beside it", () => {
    nowMs += 998;
    expect(circuit.admit()).toBeUndefined();
    nowMs += 2;
    const end = circuit.admit();
    expect(end).toBeDefined();
    expect(circuit.state.kind).toBe("half-open");
    expect(circuit.isPassable).toBe(false);
    expect(circuit.admit()).toBeUndefined();
    const told: string[] = [];
    circuit.onChange(({ kind }) => told.push(kind));
    end?.(ANSWERED);
    expect(circuit.state).toEqual({ kind: "closed" });
    expect(request(ANSWERED)).toBe(true);
    expect(told).toEqual(["closed"]);
  });

  test("waits twice as long after each one that fails, ten seconds at most, and says so each time", () => {
    const pausesS: number[] = [];
    for (let time = 0; time < 6; time += 1) {
      const closedMs = nowMs;
      while (!circuit.isPassable) nowMs += 100;
      pausesS.push(Math.round((nowMs - closedMs) / 1_000));
      request(TIMED_OUT);
    }
    expect(pausesS).toEqual([1, 2, 4, 8, 10, 10]);
    expect(openings).toBe(7);
    expect(circuit.state).toMatchObject({ kind: "open", lastFailure: "no answer within 4 s" });
  });

  test("shortens its pauses by up to a half, as chance has it", () => {
    nowMs += 1_000;
    chance = 0.999;
    request(FAILED);
    nowMs += 1_002;
    expect(circuit.isPassable).toBe(true);
  });

  test("lets the next one through at once where the first was given up by who made it", () => {
    nowMs += 1_000;
    expect(request(ABANDONED)).toBe(true);
    expect(circuit.state.kind).toBe("open");
    expect(request(ANSWERED)).toBe(true);
    expect(circuit.state.kind).toBe("closed");
  });

  test("spares the server again where the first was given up after a second without an answer", () => {
    nowMs += 1_000;
    const end = circuit.admit();
    nowMs += 1_000;
    end?.(ABANDONED);
    expect(circuit.isPassable).toBe(false);
    expect(circuit.state).toMatchObject({ kind: "open", lastFailure: "connect ECONNREFUSED" });
    nowMs += 2_000;
    expect(circuit.isPassable).toBe(true);
  });

  test("begins anew with short pauses after it was closed", () => {
    for (let time = 0; time < 5; time += 1) {
      nowMs += 10_000;
      request(FAILED);
    }
    nowMs += 10_000;
    request(ANSWERED);
    open();
    nowMs += 1_000;
    expect(circuit.isPassable).toBe(true);
  });
});

test("a request that was under way closes the circuit when it is answered, and does not touch it when it fails", () => {
  const late = [circuit.admit(), circuit.admit()];
  open();
  late[0]?.(FAILED);
  expect(circuit.state.kind).toBe("open");
  expect(openings).toBe(1);
  late[1]?.(ANSWERED);
  expect(circuit.state.kind).toBe("closed");
});

test("who has stopped to listen is not told, and nobody else with the same function is", () => {
  let heard = 0;
  const hear = (): void => void (heard += 1);
  const [stop] = [circuit.onChange(hear), circuit.onChange(hear)];
  stop?.();
  open();
  expect(heard).toBe(1);
});

test("whatever came before, a request that is tried again and again is let through within ten seconds", () => {
  const ending = fc.constantFrom(ANSWERED, ABANDONED, FAILED, TIMED_OUT);
  const step = fc.tuple(ending, fc.integer({ min: 0, max: 12_000 }), fc.double({ min: 0, max: 0.99, noNaN: true }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      circuit = new Circuit({ nowMs: () => nowMs, date: () => NOON, random: () => chance });
      for (const [each, pauseMs, random] of steps) {
        chance = random;
        request(each);
        nowMs += pauseMs;
      }
      nowMs += 10_000;
      expect(request(ANSWERED)).toBe(true);
      expect(circuit.state.kind).toBe("closed");
    }),
  );
});

describe("a client with a circuit", () => {
  const GET: KubeRequest = { method: "GET", path: "/things/a", timeoutMs: 5_000 };

  async function clientOf(answer: Answer): Promise<{ server: ScriptedServer; client: KubeClient }> {
    const server = await ScriptedServer.start();
    server.answerWith(answer);
    const client = new KubeClient({ source: server.source(), userAgent: "test/1.2.3", circuit });
    onTestFinished(async () => {
      await client.close();
      await server.close();
    });
    return { server, client };
  }

  test.each([
    ["breaks the connection", HANG_UP, 5_000],
    ["gives no answer in time", HANG, 20],
    ["answers 503", answerStatus(503, "ServiceUnavailable", "etcdserver: no leader"), 5_000],
  ])("sends nothing to a server that %s, and says why", async (_, answer, timeoutMs) => {
    const { server, client } = await clientOf(answer);
    for (let time = 0; time < 3; time += 1) {
      await client.request({ ...GET, timeoutMs });
      nowMs += 1;
    }
    const refused = await client.request(GET);
    expect(refused).toMatchObject({ kind: "failed", isSent: false });
    expect(refused).toHaveProperty("cause.message", expect.stringContaining("not asked"));
    // One that was given up so soon may not have got as far as the server.
    expect(server.requests.length).toBeLessThanOrEqual(3);

    nowMs += 1_000;
    server.answerWith(answerJson(200, {}));
    expect(await client.request(GET)).toMatchObject({ kind: "answered", status: 200 });
    expect(circuit.state.kind).toBe("closed");
  });

  test.each([400, 401, 403, 404, 409, 410, 422, 429])("takes %d for an answer", async (status) => {
    const { client } = await clientOf(answerText(status, "no"));
    for (let time = 0; time < 4; time += 1) await client.request(GET);
    expect(circuit.state.kind).toBe("closed");
  });

  test("minds no request that its caller gave up", async () => {
    const { client } = await clientOf(HANG);
    for (let time = 0; time < 4; time += 1) {
      const ended = new AbortController();
      const asking = client.request({ ...GET, signal: ended.signal });
      ended.abort();
      await asking;
    }
    expect(circuit.state.kind).toBe("closed");
  });
});
