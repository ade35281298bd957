import { FakeClock } from "@cluster-ipam/allocator/testing";
import type { KubeEvent } from "@cluster-ipam/kube";
import { createLogger } from "@cluster-ipam/telemetry";
import { beforeEach, expect, test } from "vitest";
import { CheckWorld } from "../testing/check-world.ts";
import { poolOf } from "../testing/facts.ts";
import { runForTest } from "../testing/running-concern.ts";
import { CheckDesk, type CheckOutcome } from "./check-desk.ts";
import type { ReportedFinding } from "./check-report.ts";
import { CHECK_PACE, ConsistencyConcern } from "./consistency-concern.ts";
import type { FindingCounts } from "./finding.ts";

const HOUR_MS = 3_600_000;

let clock: FakeClock;
let world: CheckWorld;
let desk: CheckDesk;
let events: KubeEvent[];
let logged: string[];
let outcomes: string[];
let counts: FindingCounts | undefined;
let checkedAtS: number | undefined;
/** Every list of pods waits for it. */
let gate: Promise<void>;

beforeEach(() => {
  clock = new FakeClock();
  world = new CheckWorld();
  world.pool(poolOf({ name: "lab" }, [{ subnet: "10.0.0.0/24" }]));
  desk = new CheckDesk();
  events = [];
  logged = [];
  outcomes = [];
  counts = undefined;
  checkedAtS = undefined;
  gate = Promise.resolve();
});

/** @returns ends it */
function start(intervalMs?: number): () => Promise<void> {
  const concern = new ConsistencyConcern(world.view, {
    intervalMs,
    desk,
    clock,
    leases: world.store,
    clusterPods: {
      running: (namespace, name, signal) => world.pods.running(namespace, name, signal),
      ofNode: async (node, signal) => {
        const { promise, resolve } = Promise.withResolvers<void>();
        signal.addEventListener("abort", () => resolve(), { once: true });
        await Promise.race([gate, promise]);
        signal.throwIfAborted();
        return await world.pods.ofNode(node, signal);
      },
    },
    events: { tell: (event) => void events.push(event) },
    meter: {
      checkEnded: (outcome) => void outcomes.push(outcome),
      checkFound: (found, atS) => ([counts, checkedAtS] = [found, atS]),
      checkForgotten: () => ([counts, checkedAtS] = [undefined, undefined]),
    },
    date: () => new Date(clock.nowMs()),
    random: () => 0.5,
    log: createLogger({}, "info", { write: (line) => void logged.push(line) }),
  });
  return runForTest(concern);
}

async function asked(): Promise<CheckOutcome> {
  const outcome = desk.check();
  // What it suspects it looks into after a while.
  await clock.advance(60_000);
  return await outcome;
}

function findingsOf(outcome: CheckOutcome): readonly ReportedFinding[] {
  if (outcome.kind !== "done") throw new Error(outcome.kind);
  return outcome.report.findings;
}

test("a new leader checks soon, then every hour, jittered", async () => {
  start(HOUR_MS);
  await clock.advance(HOUR_MS * CHECK_PACE.first - 1);
  expect(outcomes).toEqual([]);
  await clock.advance(1);
  expect(outcomes).toEqual(["clean"]);
  await clock.advance(HOUR_MS * (1 - CHECK_PACE.jitter / 2) - 1);
  expect(outcomes).toHaveLength(1);
  await clock.advance(1);
  expect(outcomes).toEqual(["clean", "clean"]);
  expect(checkedAtS).toBe(HOUR_MS / 1_000);
});

test("without an interval checks are done when somebody asks, and only then", async () => {
  world.lease("10.0.0.9", {}, { finalizers: ["example.com/a"] });
  world.pod("web-0", [{ name: "default/lan", interface: "net1", ips: ["10.0.0.5"] }]);
  start();
  await clock.advance(48 * HOUR_MS);
  expect(outcomes).toEqual([]);
  const outcome = await asked();
  expect(outcome).toEqual({
    kind: "done",
    report: {
      checkedAt: "1970-01-03T00:00:00.000Z",
      durationMs: 10_000,
      leases: 1,
      pods: 1,
      unreadablePods: 0,
      unconfirmed: 0,
      counts: { ...counts, "address-without-lease": 1, "foreign-finalizer": 1 },
      findings: [
        {
          kind: "address-without-lease",
          address: "10.0.0.5",
          pool: "lab",
          pod: "default/web-0",
          interface: "net1",
          node: "n1",
          message: expect.stringContaining("pod default/web-0 on node n1 shows 10.0.0.5"),
        },
        {
          kind: "foreign-finalizer",
          address: "10.0.0.9",
          addressSpace: "",
          pool: "lab",
          lease: "10.0.0.9",
          pod: "default/web-0",
          node: "n1",
          message: expect.stringContaining("bears finalizer example.com/a"),
        },
      ],
      truncated: false,
    },
  });
  expect(outcomes).toEqual(["findings"]);
  expect(Object.values(counts ?? {}).reduce((sum, count) => sum + count, 0)).toBe(2);
});

test("what is found is told once while it lasts, and again when it comes back", async () => {
  const odd = (): unknown => world.lease("10.0.0.9", {}, { finalizers: ["example.com/a"] });
  odd();
  start();
  for (let round = 0; round < 3; round += 1) await asked();
  expect(events).toMatchObject([
    { type: "Warning", reason: "ForeignFinalizer", action: "Check", regarding: { kind: "IPLease", name: "10.0.0.9" } },
  ]);
  expect(logged.filter((line) => line.includes("contradict each other"))).toHaveLength(1);
  world.unsee("10.0.0.9");
  await asked();
  expect(counts?.["foreign-finalizer"]).toBe(0);
  odd();
  await asked();
  expect(events).toHaveLength(2);
});

test("each check tells of some of many, lists fifty of a kind and counts all", async () => {
  for (let number = 1; number <= 60; number += 1)
    world.lease(`10.0.0.${number}`, {}, { finalizers: ["example.com/a"] });
  world.pod("web-0", [{ interface: "net1", ips: ["10.0.0.200"] }]);
  start();
  const outcome = await asked();
  expect(findingsOf(outcome).map(({ kind }) => kind)).toEqual([
    "address-without-lease",
    ...Array.from({ length: 50 }, () => "foreign-finalizer"),
  ]);
  expect(outcome).toMatchObject({ report: { truncated: true, counts: { "foreign-finalizer": 60 } } });
  expect(events).toHaveLength(20);
  for (let round = 0; round < 4; round += 1) await asked();
  expect(new Set(events.map(({ regarding }) => regarding.name)).size).toBe(61);
  expect(events).toHaveLength(61);
});

test("whoever asks while a check runs has its result", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  gate = promise;
  start();
  const both = [desk.check(), desk.check()];
  resolve();
  const [first, second] = await Promise.all(both);
  expect(first?.kind).toBe("done");
  expect(second).toBe(first);
  expect(world.calls).toEqual(["pods n1", "pods n2"]);
});

test("a check that fails says why, is counted, and the next one is done all the same", async () => {
  world.failure = new Error("pods is forbidden");
  start();
  expect(await asked()).toEqual({ kind: "failed", cause: world.failure });
  expect([outcomes, counts]).toEqual([["failed"], undefined]);
  world.failure = undefined;
  expect(await asked()).toMatchObject({ kind: "done" });
});

test("a check that does not end in time has failed", async () => {
  gate = new Promise(() => undefined);
  start();
  const outcome = desk.check();
  await clock.advance(CHECK_PACE.timeoutMs - 1);
  expect(outcomes).toEqual([]);
  await clock.advance(1);
  expect((await outcome).kind).toBe("failed");
  expect(outcomes).toEqual(["failed"]);
});

test("when the term ends the check under way does, nobody asks any more, and nothing is known", async () => {
  const end = start();
  await asked();
  expect(counts).toBeDefined();
  gate = new Promise(() => undefined);
  const outcome = desk.check();
  let isSettled = false;
  void outcome.then(() => (isSettled = true));
  await end();
  expect(isSettled).toBe(true);
  expect(await outcome).toEqual({ kind: "not-leading" });
  expect(await desk.check()).toEqual({ kind: "not-leading" });
  expect([counts, checkedAtS, outcomes]).toEqual([undefined, undefined, ["clean"]]);
});

test("the end of one term does not close the desk of the next", async () => {
  const end = start();
  start();
  await end();
  expect(await asked()).toMatchObject({ kind: "done" });
});
