import type { LeaseStore } from "@cluster-ipam/allocator";
import { FakeClock, MemoryLeaseStore, releasedLease } from "@cluster-ipam/allocator/testing";
import type { IPLease, IPPool } from "@cluster-ipam/api";
import { createLogger, loadMetricRegistry } from "@cluster-ipam/telemetry";
import { beforeEach, expect, test } from "vitest";
import { ControllerMetrics } from "../controller-metrics.ts";
import { leaseFact } from "../leases/lease-fact.ts";
import { LeaseTable } from "../leases/lease-table.ts";
import { StrayLeases } from "../leases/stray-leases.ts";
import { readPool } from "../pools/pool-reader.ts";
import { PoolTable } from "../pools/pool-table.ts";
import { PoolsConcern, type PoolsConcernOptions } from "../pools-concern.ts";
import { poolOf } from "../testing/facts.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const DAY_SECONDS = 86_400;
const NAME = "10.0.0.1";
const NEVER = new AbortController().signal;

let clock: FakeClock;
let store: MemoryLeaseStore;

beforeEach(async () => {
  clock = new FakeClock();
  store = new MemoryLeaseStore();
  await store.create(releasedLease(NAME, { keepSeconds: 7 * DAY_SECONDS }));
});

test.each([
  ["six days", 6 * DAY_MS],
  ["a day", DAY_MS],
  ["eight hours", 8 * HOUR_MS],
])("with a new leader every %s an address is free after its time, and less than half of it more", async (_, termMs) => {
  const isKept = (): boolean => store.snapshot().length > 0;
  while (clock.nowMs() < 7 * DAY_MS - HOUR_MS) await leadFor(Math.min(termMs, 7 * DAY_MS - HOUR_MS - clock.nowMs()));
  expect(isKept()).toBe(true);
  while (isKept() && clock.nowMs() < 30 * DAY_MS) await leadFor(termMs);
  expect(clock.nowMs()).toBeLessThan(10.5 * DAY_MS + termMs);
});

test("an answer that is lost costs no time, and counts none twice", async () => {
  store.faults.failWrites("replace", { kind: "answer-lost" });
  await leadFor(5 * DAY_MS);
  const seconds = store.snapshot()[0]?.spec.keepSeconds;
  expect(seconds).toBeGreaterThanOrEqual(2 * DAY_SECONDS);
  expect(seconds).toBeLessThan(2.3 * DAY_SECONDS);
});

test("a pod that comes back while what is left is written down has its address", async () => {
  const { releasedAt: _at, keepSeconds: _seconds, ...released } = releasedLease(NAME).spec;
  const attached = { ...released, node: "n1", containerID: "c1" };
  let reads = 0;
  const get = async (name: string): Promise<IPLease | undefined> => {
    reads += 1;
    const lease = await store.get(name, NEVER);
    if (lease !== undefined) await store.replace({ ...lease, spec: attached });
    return lease;
  };
  await leadFor(DAY_MS, { get });
  await leadFor(8 * DAY_MS);
  expect(reads).toBeGreaterThan(0);
  expect(store.snapshot().map(({ spec }) => spec)).toEqual([attached]);
});

test("one who has released it again meanwhile has the whole time", async () => {
  const get = async (name: string): Promise<IPLease | undefined> => {
    const lease = await store.get(name, NEVER);
    if (lease === undefined) return undefined;
    const again = { ...lease, spec: { ...lease.spec, releasedAt: "2026-02-03T04:05:06Z" } };
    const outcome = await store.replace(again);
    return outcome.kind === "replaced" ? outcome.lease : undefined;
  };
  await leadFor(8 * HOUR_MS, { get });
  expect(store.snapshot()[0]?.spec.keepSeconds).toBe(7 * DAY_SECONDS);
});

test("nothing is written into a lease that does not say how long it is kept", async () => {
  const { keepSeconds: _, ...spec } = releasedLease("10.0.0.2").spec;
  await store.create({ ...releasedLease("10.0.0.2"), spec });
  await leadFor(6 * DAY_MS);
  const found = new Map(store.snapshot().map((lease) => [lease.metadata.name, lease.spec.keepSeconds]));
  expect(found.get(NAME)).toBeLessThan(2 * DAY_SECONDS);
  expect([...found.keys()]).toContain("10.0.0.2");
  expect(found.get("10.0.0.2")).toBeUndefined();
});

/** A term of a leader, whose watch tells of each write of its own. */
async function leadFor(ms: number, faulty: Partial<Pick<LeaseStore, "get">> = {}): Promise<void> {
  const leases = new LeaseTable();
  const watch = (): void => {
    const facts = store.snapshot().flatMap((lease) => leaseFact(lease) ?? []);
    const gone = [...leases.all()].filter(({ name }) => !facts.some((fact) => fact.name === name));
    for (const fact of facts) concern.leaseChanged(leases.set(fact), fact);
    for (const { name } of gone) concern.leaseChanged(leases.delete(name), undefined);
  };
  const told = async <T>(written: Promise<T>): Promise<T> => written.finally(() => queueMicrotask(watch));
  const concern = await concernOver(leases, {
    get: (name, signal) => store.get(name, signal),
    replace: (lease) => told(store.replace(lease)),
    delete: (version) => told(store.delete(version)),
    ...faulty,
  });
  watch();
  const term = new AbortController();
  const running = concern.run(term.signal);
  await clock.advance(ms);
  term.abort();
  await running;
  await concern.close();
}

async function concernOver(leases: LeaseTable, over: PoolsConcernOptions["leases"]): Promise<PoolsConcern> {
  const pools = new PoolTable((pool) => readPool(pool, []));
  const retain = { policy: "Always", seconds: 30 * DAY_SECONDS } as const;
  pools.set(poolOf({ name: "lab", generation: 1 }, [{ subnet: "10.0.0.0/29" }], { retain }));
  return new PoolsConcern(
    { pools, leases, strays: new StrayLeases(pools, leases) },
    {
      statuses: { writeStatus: (pool: IPPool) => Promise.resolve({ kind: "written", pool }) },
      leases: over,
      events: { tell: () => undefined },
      meter: new ControllerMetrics(await loadMetricRegistry(), "0"),
      clock,
      random: () => 0,
      date: () => new Date(0),
      nearlyFullPercent: 90,
      log: createLogger({}, "silent", { write: () => undefined }),
    },
  );
}
