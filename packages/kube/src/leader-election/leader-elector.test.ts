import { beforeEach, describe, expect, test } from "vitest";
import type { KubeAnswer, KubeRequest } from "../kube-request.ts";
import { ELECTION } from "./election-timing.ts";
import { ElectionWorld, LOST, PROMPT, UNHEARD } from "./testing/election-world.ts";
import type { MemoryLease } from "./testing/memory-lease.ts";
import { failed, type RequestFate, untilAborted } from "./testing/simulated-replica.ts";
import type { VirtualTime } from "./testing/virtual-time.ts";

let world: ElectionWorld;
let time: VirtualTime;
let lease: MemoryLease;

beforeEach(() => {
  world = new ElectionWorld();
  ({ time, lease } = world);
});

test("the figures leave a leader that hears nothing time to notice before another one leads", () => {
  const { leaseDurationMs, renewDeadlineMs, retryPeriodMs, requestTimeoutMs } = ELECTION;
  expect(leaseDurationMs).toBeGreaterThan(renewDeadlineMs);
  expect(renewDeadlineMs).toBeGreaterThan(2 * (retryPeriodMs + requestTimeoutMs) - retryPeriodMs);
});

describe("a Lease that nobody holds", () => {
  test("is taken at once by one of two, with what people want to know", async () => {
    world.unheld();
    const [a, b] = [world.replica("a"), world.replica("b")];
    await time.advance(5_000);
    expect([a.isLeading, b.isLeading]).toEqual([true, false]);
    expect(b.elector.state).toEqual({ kind: "standby", holder: "a" });
    expect(b.notes).toEqual(["holder: a"]);
    expect(lease.spec).toEqual({
      holderIdentity: "a",
      leaseDurationSeconds: 15,
      leaseTransitions: 5,
      acquireTime: "1970-01-01T00:00:00.004000Z",
      renewTime: expect.stringMatching(/^1970-01-01T00:00:04\.\d{3}000Z$/),
    });
  });

  test("is made where there is none, and used only when whoever led by one that was removed has noticed", async () => {
    const a = world.replica("a");
    await time.advance(ELECTION.leaseDurationMs);
    expect(a.isLeading).toBe(false);
    expect(lease.spec).toMatchObject({ holderIdentity: "a", leaseTransitions: 0 });
    await time.advance(100);
    expect(a.isLeading).toBe(true);
    expect(a.notes).toEqual(["leads", "work began"]);
  });

  test("is not given up by one that has made it and may not use it yet", async () => {
    const a = world.replica("a");
    await time.advance(5_000);
    a.shutDown();
    await time.advance(1_000);
    expect(a.notes).toEqual(["ended"]);
    expect(lease.spec).toMatchObject({ holderIdentity: "a" });
  });
});

describe("a leader", () => {
  test("renews every one to two seconds, as chance has it, with one request each time", async () => {
    const requests: string[] = [];
    const a = await world.leader();
    a.fate = ({ method }) => {
      requests.push(method);
      return PROMPT;
    };
    await time.advance(20_000);
    expect(requests).toEqual(Array.from({ length: 10 }, () => "PUT"));
    world.chance = 0.999;
    requests.length = 0;
    await time.advance(20_000);
    expect(requests.length).toBeGreaterThanOrEqual(18);
    expect(requests.length).toBeLessThanOrEqual(20);
    expect(a.notes).toEqual(["leads", "work began"]);
  });

  test("keeps what others have written into the Lease", async () => {
    lease.put({ holderIdentity: "", preferredHolder: "z" }, { team: "net" });
    const a = world.replica("a");
    await time.advance(10_000);
    expect(a.isLeading).toBe(true);
    expect(lease.spec).toMatchObject({ holderIdentity: "a", preferredHolder: "z" });
    expect(lease.serve({ method: "GET", path: "", timeoutMs: 1 })).toHaveProperty(
      "body",
      expect.stringContaining('"labels":{"team":"net"}'),
    );
  });

  test("stops to lead ten seconds after it sent the last renewal that was confirmed, not a moment later", async () => {
    const a = await world.leader();
    const sentAtMs: number[] = [];
    a.fate = ({ method }) => {
      if (method === "PUT") sentAtMs.push(time.nowMs);
      // The answer to the first one takes its time.
      return sentAtMs.length === 1 ? { thereMs: 1_000, backMs: 1_500 } : LOST;
    };
    await time.advance(3_000);
    const endMs = (sentAtMs[0] ?? Number.NaN) + ELECTION.renewDeadlineMs;
    await time.advance(endMs - time.nowMs - 1);
    expect([a.isLeading, a.isWorking]).toEqual([true, true]);
    await time.advance(1);
    expect([a.isLeading, a.isWorking]).toEqual([false, false]);
    expect(a.notes).toContain("leads no more: deadline");
  });

  test("comes back when the server does, where nobody else has taken the lead", async () => {
    const a = await world.leader();
    a.fate = () => LOST;
    await time.advance(60_000);
    expect(a.elector.state).toEqual({ kind: "standby", holder: "a" });
    a.fate = () => PROMPT;
    await time.advance(ELECTION.requestTimeoutMs + ELECTION.retryPeriodMs + 10);
    expect(a.isLeading).toBe(true);
    expect(a.notes.filter((note) => note === "work began")).toHaveLength(2);
    expect(lease.spec).toMatchObject({ leaseTransitions: 5 });
  });

  test("does not begin its work again before the last one has ended, and says for how long it waits", async () => {
    world.unheld();
    const a = world.replica("a");
    const { promise: isOver, resolve: end } = Promise.withResolvers<void>();
    a.lead = () => isOver;
    await time.advance(5_000);
    a.lead = untilAborted;
    a.fate = () => LOST;
    await time.advance(14_000);
    a.fate = () => PROMPT;
    await time.advance(40_000);
    expect(a.elector.state).toEqual({ kind: "stepping-down", forMs: expect.any(Number) });
    const { state } = a.elector;
    expect(state.kind === "stepping-down" && state.forMs).toBeGreaterThan(40_000);
    expect(a.notes.filter((note) => note === "work began")).toHaveLength(1);
    end();
    await time.advance(3_000);
    expect(a.notes.slice(-3)).toEqual(["work ended", "leads", "work began"]);
  });

  test("does not go on with a term that has run out while the process stood still, though its last renewal was in time", async () => {
    const a = await world.leader();
    let puts = 0;
    a.fate = ({ method }) => {
      if (method === "PUT") puts += 1;
      // The first three get lost; the next one is sent before the deadline, and its answer waits until after it.
      return puts < 4 && method === "PUT" && time.nowMs < 8_000 ? { ...PROMPT, answer: failed("reset") } : PROMPT;
    };
    await world.until(() => time.nowMs >= 8_000 && puts >= 4);
    expect(a.isLeading).toBe(true);
    a.stop();
    await time.advance(3_000);
    await a.goOn();
    expect(a.notes).toContain("leads no more: deadline");
    await time.advance(2_000);
    expect(a.notes.slice(-2)).toEqual(["leads", "work began"]);
  });

  test("goes on after a renewal whose answer got lost", async () => {
    const a = await world.leader();
    let puts = 0;
    a.fate = ({ method }) => {
      if (method === "PUT") puts += 1;
      return puts === 1 ? UNHEARD : PROMPT;
    };
    await time.advance(20_000);
    expect(a.isLeading).toBe(true);
    expect(a.notes).toEqual([
      "leads",
      "work began",
      "try failed: no answer in time",
      "try failed: the Lease was written in between",
    ]);
  });

  test.each([
    ["another holder", () => lease.put({ holderIdentity: "z", leaseDurationSeconds: 15 })],
    ["no Lease any more", () => lease.remove()],
    ["no holder any more", () => lease.put({ holderIdentity: "" })],
    ["a Lease that was made anew in its name", () => (lease.remove(), lease.put({ holderIdentity: "a" }))],
  ])("stops to lead when it finds %s", async (_, change) => {
    const a = await world.leader();
    change();
    await time.advance(2_100);
    expect(a.notes).toContain("leads no more: taken");
  });
});

describe("whatever the server says, a leader goes on while its time lasts and a standby goes on for ever:", () => {
  const answers: readonly (readonly [string, KubeAnswer])[] = [
    ...[400, 401, 403, 404, 408, 409, 410, 422, 429, 500, 502, 503, 504].map(
      (status) =>
        [String(status), { kind: "answered", status, body: `{"kind":"Status","message":"no"}` } as const] as const,
    ),
    ["a page of a gateway", { kind: "answered", status: 200, body: "<html>" }],
    ["an object of another kind", { kind: "answered", status: 200, body: `{"kind":"Pod","metadata":{"uid":"1"}}` }],
    ["a Lease without a version", { kind: "answered", status: 200, body: `{"kind":"Lease","metadata":{"uid":"1"}}` }],
    ["an array", { kind: "answered", status: 201, body: "[]" }],
    ["null", { kind: "answered", status: 200, body: "null" }],
    ["no connection", failed("connect ECONNREFUSED")],
  ];

  test.each(answers)("%s", async (name, answer) => {
    const a = await world.leader();
    const b = world.replica("b");
    await time.advance(100);
    const disturbed = (): RequestFate => ({ ...PROMPT, answer });
    a.fate = disturbed;
    b.fate = disturbed;
    await time.advance(60_000);
    expect([a.isLeading, b.isLeading]).toEqual([false, false]);
    // An object that is missing, or has changed, is told; there is nothing wrong with the server then.
    if (name !== "404" && name !== "409") expect(b.notes.join()).toContain("try failed");
    a.fate = () => PROMPT;
    b.fate = () => PROMPT;
    await time.advance(20_000);
    expect([a, b].filter(({ isLeading }) => isLeading)).toHaveLength(1);
  });
});

test("an elector tells when it tried last, and so that it is stuck", async () => {
  const a = await world.leader();
  await time.advance(10_000);
  expect(a.elector.triedAgoMs).toBeLessThanOrEqual(ELECTION.retryPeriodMs);
  a.stop();
  await time.advance(90_000);
  expect(a.elector.triedAgoMs).toBeGreaterThanOrEqual(88_000);
});

test("every request is bound to one Lease", async () => {
  const paths = new Set<string>();
  const a = world.replica("a");
  a.fate = ({ method, path, timeoutMs }: KubeRequest) => {
    paths.add(`${method} ${path} ${timeoutMs}`);
    return PROMPT;
  };
  await time.advance(20_000);
  const list = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";
  expect([...paths]).toEqual([`GET ${list}/example 3000`, `POST ${list} 3000`, `PUT ${list}/example 3000`]);
});
