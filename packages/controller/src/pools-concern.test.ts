import { FAMILIES, FakeClock, IPV4, IPV6, MemoryLeaseStore, releasedLease } from "@cluster-ipam/allocator/testing";
import type { IPLease, IPPool } from "@cluster-ipam/api";
import type { KubeEvent } from "@cluster-ipam/kube";
import { createLogger, loadMetricRegistry, type MetricRegistry } from "@cluster-ipam/telemetry";
import { beforeEach, describe, expect, test } from "vitest";
import { ControllerMetrics } from "./controller-metrics.ts";
import { leaseFact } from "./leases/lease-fact.ts";
import { LeaseTable } from "./leases/lease-table.ts";
import { StrayLeases } from "./leases/stray-leases.ts";
import { readPool } from "./pools/pool-reader.ts";
import { PoolTable } from "./pools/pool-table.ts";
import { PoolsConcern } from "./pools-concern.ts";
import { leaseOf, poolOf } from "./testing/facts.ts";

const RANGES = [{ subnet: "10.0.0.0/29" }];
const SECOND_MS = 1_000;

let clock: FakeClock;
let registry: MetricRegistry;
let leases: LeaseTable;
let store: MemoryLeaseStore;
let logged: string[];
let pools: PoolTable;
let events: KubeEvent[];
let concern: PoolsConcern;
let term: AbortController;

beforeEach(async () => {
  clock = new FakeClock();
  registry = await loadMetricRegistry();
  leases = new LeaseTable();
  store = new MemoryLeaseStore();
  logged = [];
  pools = new PoolTable((pool) => readPool(pool, []));
  pools.set(poolOf({ name: "lab", generation: 1 }, RANGES));
  events = [];
  term = new AbortController();
  concern = new PoolsConcern(
    { pools, leases, strays: new StrayLeases(pools, leases) },
    {
      statuses: { writeStatus: (pool: IPPool) => Promise.resolve({ kind: "written", pool }) },
      leases: store,
      events: { tell: (event) => void events.push(event) },
      meter: new ControllerMetrics(registry, "0"),
      clock,
      random: () => 0.5,
      date: () => new Date(0),
      nearlyFullPercent: 90,
      log: createLogger({}, "info", { write: (line) => void logged.push(line) }),
    },
  );
});

async function series(name: RegExp): Promise<readonly string[]> {
  const lines = (await registry.text()).split("\n");
  const own = lines.filter((line) => !line.startsWith("#") && name.test(line));
  return own.map((line) => line.replace("cluster_ipam_controller_", ""));
}

async function end(running: Promise<void>): Promise<void> {
  term.abort();
  await Promise.all([running, concern.close()]);
}

test.for([
  { ...IPV4, capacity: 6 },
  { ...IPV6, capacity: 7 },
])("figures of pools of $family follow what happens, and are gone with the term", async ({ network, capacity }) => {
  pools.set(poolOf({ name: "lab", generation: 2 }, [{ subnet: network.part(8) }]));
  const running = concern.run(term.signal);
  await clock.advance(SECOND_MS);
  expect(await series(/pool_(used|free)/)).toEqual(['pool_used{pool="lab"} 0', `pool_free{pool="lab"} ${capacity}`]);
  leases.set(leaseOf(network.at(1)));
  concern.poolsChanged(["lab"]);
  await clock.advance(SECOND_MS);
  expect(await series(/pool_(used|free)/)).toEqual([
    'pool_used{pool="lab"} 1',
    `pool_free{pool="lab"} ${capacity - 1}`,
  ]);
  expect(await series(/queue_waiting/)).toHaveLength(2);
  term.abort();
  await running;
  concern.poolsChanged(["lab"]);
  await clock.advance(10 * SECOND_MS);
  expect(await series(/_pool_(used|free|capacity)|queue_waiting/)).toEqual([]);
  await concern.close();
});

test("work that is under way when the term ends shows nothing any more", async () => {
  const running = concern.run(term.signal);
  await clock.advance(SECOND_MS);
  concern.poolsChanged(["lab"]);
  term.abort();
  await clock.advance(SECOND_MS);
  await running;
  expect(await series(/_pool_(used|free|capacity)/)).toEqual([]);
  await concern.close();
});

test("figures of a pool that is deleted go with it", async () => {
  const running = concern.run(term.signal);
  await clock.advance(SECOND_MS);
  concern.poolsChanged(["lab", ...pools.delete("lab")]);
  await clock.advance(SECOND_MS);
  expect(await series(/pool="/)).toEqual([]);
  await end(running);
});

test("a pool says that leases of it are held up, and that they are no more, at once and as events", async () => {
  pools.set(poolOf({ name: "lan", generation: 1 }, [{ subnet: "10.0.1.0/29" }]));
  const running = concern.run(term.signal);
  concern.heldUp({ messages: new Map(), undecided: new Set() });
  await clock.advance(SECOND_MS);
  const told = (): readonly string[] =>
    events.map(({ type, reason, regarding, note }) => `${type} ${reason} ${regarding.name}: ${note}`);
  events.length = 0;
  const messages = new Map([["lab", "31 of its leases are not given back"]]);
  concern.heldUp({ messages, undecided: new Set() });
  await clock.advance(SECOND_MS);
  expect(told()).toEqual(["Warning GarbageHeld lab: 31 of its leases are not given back"]);
  await clock.advance(10 * SECOND_MS);
  concern.heldUp({ messages: new Map(), undecided: new Set() });
  await clock.advance(SECOND_MS);
  expect(told().slice(1)).toEqual(["Normal NotGarbageHeld lab: no lease of it is held up whose node is lost"]);
  await end(running);
});

test("a status that had to wait for its turn was late from the first change on", async () => {
  const running = concern.run(term.signal);
  await clock.advance(SECOND_MS);
  expect(await series(/lag_seconds_count/)).toEqual(["pool_status_lag_seconds_count 0"]);
  for (const address of ["10.0.0.1", "10.0.0.2"]) {
    leases.set(leaseOf(address));
    concern.poolsChanged(["lab"]);
    await clock.advance(SECOND_MS);
  }
  await clock.advance(10 * SECOND_MS);
  // Written at once at the start, so five seconds later again; the first change came one second after that.
  expect(await series(/lag_seconds_(sum|count)/)).toEqual([
    "pool_status_lag_seconds_sum 4",
    "pool_status_lag_seconds_count 1",
  ]);
  await end(running);
});

describe.each(FAMILIES)("a kept lease of $family", ({ network }) => {
  async function keep(lease: IPLease): Promise<void> {
    const outcome = await store.create(lease);
    const fact = outcome.kind === "created" ? leaseFact(outcome.lease) : undefined;
    if (fact === undefined) throw new Error(outcome.kind);
    leases.set(fact);
    concern.leaseChanged(undefined, fact);
  }

  test("goes when it has been seen for as long as it says, and the log has its address", async () => {
    const running = concern.run(term.signal);
    await keep(releasedLease(network.at(2), { keepSeconds: 30 }));
    await clock.advance(29 * SECOND_MS);
    expect(store.snapshot()).toHaveLength(1);
    await clock.advance(2 * SECOND_MS);
    expect(store.snapshot()).toEqual([]);
    expect(await series(/kept_leases_ended_total/)).toEqual(["kept_leases_ended_total 1"]);
    const [line = ""] = logged.filter((one) => one.includes("time of a kept address is over"));
    expect(JSON.parse(line)).toMatchObject({ ip: network.at(2), pool: "lab", holder: "shop/web-0/net1" });
    await end(running);
  });

  test("that says nothing goes when its pool's time is over", async () => {
    pools.set(poolOf({ name: "lab", generation: 2 }, RANGES, { coolDownSeconds: 20 }));
    const running = concern.run(term.signal);
    const { spec, ...lease } = releasedLease(network.at(2));
    const { keepSeconds: _, ...untold } = spec;
    await keep({ ...lease, spec: untold });
    await clock.advance(19 * SECOND_MS);
    expect(store.snapshot()).toHaveLength(1);
    await clock.advance(2 * SECOND_MS);
    expect(store.snapshot()).toEqual([]);
    await end(running);
  });

  test("that somebody has taken over by then is left to it", async () => {
    const running = concern.run(term.signal);
    await keep(releasedLease(network.at(2), { keepSeconds: 30 }));
    const [lease] = store.snapshot();
    if (lease === undefined) throw new Error("there is no lease");
    await store.replace({ ...lease, spec: { ...lease.spec, keepSeconds: 60 } });
    await clock.advance(31 * SECOND_MS);
    expect(store.snapshot()).toHaveLength(1);
    await end(running);
  });
});
