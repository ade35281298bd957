import { rangeSetsOf, type StatusWrite } from "@cluster-ipam/allocator";
import type { IPPool } from "@cluster-ipam/api";
import { createLogger } from "@cluster-ipam/telemetry";
import { expect, test } from "vitest";
import type { LeaseFact } from "../leases/lease-fact.ts";
import { LeaseTable } from "../leases/lease-table.ts";
import { PoolTable } from "../pools/pool-table.ts";
import { leaseOf, poolOf } from "../testing/facts.ts";
import { StatusKeeper } from "./status-keeper.ts";
import { STATUS_INTERVAL_MS } from "./write-pace.ts";

const SUBNET = "10.0.0.0/29";
const { signal } = new AbortController();

test("a pool that has no status yet gets one, counts and conditions", async () => {
  const world = new World();
  world.lease(1);
  world.lease(2, { state: "kept" });
  world.pool("lab");
  expect(await world.keep()).toBeUndefined();
  expect(world.written).toMatchObject([
    { capacity: "6", used: "1", kept: "1", reserved: "0", free: "4", outside: "0", observedGeneration: 1 },
  ]);
  expect(world.told).toEqual([
    "Ready=True",
    "Invalid=False",
    "Exhausted=False",
    "NearlyFull=False",
    "Overlapping=False",
    "GarbageHeld=False",
  ]);
});

test("a status that is right is not written again", async () => {
  const world = new World();
  world.pool("lab");
  await world.keep();
  world.nowMs += 60_000;
  expect(await world.keep()).toBeUndefined();
  expect(world.written).toHaveLength(1);
});

test("counts that change are written once in five seconds at most", async () => {
  const world = new World();
  world.pool("lab");
  await world.keep();
  world.lease(1);
  world.nowMs += 1_000;
  expect(await world.keep()).toBe(STATUS_INTERVAL_MS - 1_000);
  world.lease(2);
  world.nowMs += STATUS_INTERVAL_MS - 1_000;
  expect(await world.keep()).toBeUndefined();
  expect(world.written.map(({ used }) => used)).toEqual(["0", "2"]);
});

test("a condition that changes is written at once, and told", async () => {
  const world = new World();
  world.pool("lab");
  await world.keep();
  world.told.length = 0;
  for (let number = 1; number <= 6; number += 1) world.lease(number);
  world.nowMs += 1_000;
  expect(await world.keep()).toBeUndefined();
  expect(world.told).toEqual(["Exhausted=True", "NearlyFull=True"]);
});

test("conditions that flap are written no oftener than once in five seconds over time", async () => {
  const world = new World();
  world.pool("lab");
  for (let number = 1; number <= 5; number += 1) world.lease(number);
  for (let second = 0; second < 600; second += 1) {
    if (second % 2 === 0) world.lease(6);
    else world.leases.delete("10.0.0.6");
    await world.keep();
    world.nowMs += 1_000;
  }
  expect(world.written.length).toBeLessThanOrEqual(600 / 5 + 2);
  expect(world.written.length).toBeGreaterThan(100);
});

test("a pool that was edited has the counts of its new ranges, and the generation", async () => {
  const world = new World();
  world.pool("lab");
  world.lease(5);
  await world.keep();
  world.pool("lab", { generation: 2, subnet: "10.0.0.0/30" });
  world.nowMs += 60_000;
  await world.keep();
  expect(world.written[1]).toMatchObject({ capacity: "2", used: "0", outside: "1", observedGeneration: 2 });
});

test("a pool that cannot be served is Invalid, with the reason", async () => {
  const world = new World();
  world.pool("lab", { start: "10.0.0.5", end: "10.0.0.2" });
  await world.keep();
  expect(world.written[0]?.conditions).toContainEqual(
    expect.objectContaining({ type: "Invalid", status: "True", message: expect.stringContaining("10.0.0.5") }),
  );
});

test("a pool of addresses on request alone is not Exhausted while one is free", async () => {
  const world = new World();
  world.pool("lab", { assign: "OnRequest" });
  world.lease(1);
  await world.keep();
  expect(world.told).toContain("Exhausted=False");
  for (let number = 2; number <= 6; number += 1) world.lease(number);
  world.nowMs += 60_000;
  await world.keep();
  expect(world.told.slice(6)).toContain("Exhausted=True");
});

test("pools that overlap name each other, and one lease is used in both", async () => {
  const world = new World();
  world.pool("blue", { subnet: "10.0.0.0/30" });
  world.pool("lab");
  world.lease(1);
  await world.keep("blue");
  expect(world.written[0]).toMatchObject({ capacity: "2", used: "1", free: "1" });
  expect(world.written[0]?.conditions).toContainEqual(
    expect.objectContaining({ type: "Overlapping", status: "True", message: expect.stringContaining("lab") }),
  );
});

test("a lease of a pool that has moved elsewhere takes an address of the pool that has it now", async () => {
  const world = new World();
  world.pool("lab");
  world.pool("moved", { subnet: "10.9.0.0/29" });
  world.lease(1, { pool: "moved" });
  await world.keep();
  await world.keep("moved");
  expect(world.written).toMatchObject([
    { used: "1", free: "5", outside: "0" },
    { used: "0", free: "6", outside: "1" },
  ]);
});

test("a lease of a pool that is gone still takes its address", async () => {
  const world = new World();
  world.pool("lab");
  world.lease(1, { pool: "gone" });
  world.lease(2, { pool: "" });
  await world.keep();
  expect(world.written[0]).toMatchObject({ used: "2" });
});

test.for<readonly [StatusWrite["kind"], number | undefined]>([
  ["changed", 1_000],
  ["unknown", 1_000],
  ["gone", undefined],
])(
  "after a write with the outcome %s the pool is looked at again in %s ms, and nothing is told",
  async ([kind, againMs]) => {
    const world = new World();
    world.pool("lab");
    world.outcome = kind === "unknown" ? { kind, cause: new Error("cut off") } : ({ kind } as StatusWrite);
    expect(await world.keep()).toBe(againMs);
    expect(world.told).toEqual([]);
    expect(world.done).toBe(0);
  },
);

test("what a status should say is shown at each look, also while it must not be written yet", async () => {
  const world = new World();
  world.pool("lab");
  await world.keep();
  world.lease(1);
  await world.keep();
  expect([world.shown, world.written.length, world.done]).toEqual([["lab 0", "lab 1"], 1, 1]);
});

test("a pool that is gone needs nothing, and is shown as gone", async () => {
  const world = new World();
  expect(await world.keep("gone")).toBeUndefined();
  expect(world.shown).toEqual(["gone gone"]);
});

interface Change {
  readonly generation?: number;
  readonly subnet?: string;
  readonly start?: string;
  readonly end?: string;
  readonly assign?: "OnRequest";
}

class World {
  readonly leases = new LeaseTable();
  readonly written: NonNullable<IPPool["status"]>[] = [];
  readonly told: string[] = [];
  readonly shown: string[] = [];
  done = 0;
  nowMs = 1_000_000;
  outcome: StatusWrite | undefined;
  readonly #pools = new PoolTable((pool) => {
    try {
      return { sets: rangeSetsOf(pool), fault: undefined };
    } catch (error) {
      return { sets: [], fault: String(error) };
    }
  });
  readonly #keeper = new StatusKeeper({
    pools: this.#pools,
    leases: this.leases,
    strays: { all: () => [...this.leases.all()].filter((lease) => !this.#pools.handsOut(lease.pool, lease)) },
    nearlyFullPercent: 90,
    held: { of: () => ({ kind: "nothing" }) },
    nowMs: () => this.nowMs,
    timeOfDay: () => "2026-03-01T12:00:00Z",
    onCondition: (_, { type, status }) => this.told.push(`${type}=${status}`),
    onWrite: () => undefined,
    onWritten: () => {
      this.done += 1;
    },
    onStatus: (pool, status) => this.shown.push(`${pool} ${status?.used ?? "gone"}`),
    log: createLogger({}, "silent", { write: () => undefined }),
    store: {
      writeStatus: (pool) => {
        if (this.outcome !== undefined) return Promise.resolve(this.outcome);
        if (pool.status !== undefined) this.written.push(pool.status);
        return Promise.resolve({ kind: "written", pool });
      },
    },
  });

  keep(name = "lab"): Promise<number | undefined> {
    return this.#keeper.keep(name, signal);
  }

  pool(name: string, { generation = 1, subnet = SUBNET, ...bounds }: Change = {}): void {
    const status = this.#pools.get(name)?.pool.status;
    const pool = poolOf({ name, generation }, [{ subnet, ...bounds }]);
    this.#pools.set(status === undefined ? pool : { ...pool, status });
  }

  lease(number: number, some: Partial<LeaseFact> = {}): void {
    this.leases.set(leaseOf(`10.0.0.${number}`, some));
  }
}
