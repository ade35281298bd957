import type { StatusWrite } from "@cluster-ipam/allocator";
import { IPV4, IPV6 } from "@cluster-ipam/allocator/testing";
import { beforeEach, describe, expect, test } from "vitest";
import { KeepingWorld } from "../testing/keeping-world.ts";
import { STATUS_INTERVAL_MS } from "./write-pace.ts";

/** What the first eight addresses of a network hand out, and the first four of them. */
const FAMILIES = [
  { ...IPV4, capacity: 6, part: 2 },
  { ...IPV6, capacity: 7, part: 3 },
] as const;

describe.each(FAMILIES)("of a pool of $family", ({ network, other, capacity, part }) => {
  let world: KeepingWorld;

  beforeEach(() => {
    world = new KeepingWorld(network);
  });

  test("a pool that has no status yet gets one, counts and conditions", async () => {
    world.lease(1);
    world.lease(2, { state: "kept" });
    world.lease(3, { state: "reserved" });
    world.pool("lab");
    expect(await world.keep()).toBeUndefined();
    expect(world.written).toMatchObject([
      {
        capacity: String(capacity),
        used: "1",
        kept: "1",
        reserved: "1",
        free: String(capacity - 3),
        outside: "0",
        observedGeneration: 1,
      },
    ]);
    expect(world.written[0]?.conditions).toHaveLength(6);
    expect(world.told).toEqual([]);
  });

  test("a status that is right is not written again", async () => {
    world.pool("lab");
    await world.keep();
    world.nowMs += 60_000;
    expect(await world.keep()).toBeUndefined();
    expect(world.written).toHaveLength(1);
  });

  test("counts that change are written once in five seconds at most", async () => {
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
    world.pool("lab");
    await world.keep();
    for (let number = 1; number <= capacity; number += 1) world.lease(number);
    world.nowMs += 1_000;
    expect(await world.keep()).toBeUndefined();
    expect(world.told).toEqual(["Exhausted=True", "NearlyFull=True"]);
  });

  test("conditions that flap are written no oftener than once in five seconds over time", async () => {
    world.pool("lab");
    for (let number = 1; number < capacity; number += 1) world.lease(number);
    for (let second = 0; second < 600; second += 1) {
      if (second % 2 === 0) world.lease(capacity);
      else world.leases.delete(network.nameAt(capacity));
      await world.keep();
      world.nowMs += 1_000;
    }
    expect(world.written.length).toBeLessThanOrEqual(600 / 5 + 2);
    expect(world.written.length).toBeGreaterThan(100);
  });

  test("a pool that was edited has the counts of its new ranges, and the generation", async () => {
    world.pool("lab");
    world.lease(5);
    await world.keep();
    world.pool("lab", { generation: 2, subnet: network.part(4) });
    world.nowMs += 60_000;
    await world.keep();
    expect(world.written[1]).toMatchObject({ capacity: String(part), used: "0", outside: "1", observedGeneration: 2 });
  });

  test("a pool that cannot be served is Invalid, with the reason", async () => {
    world.pool("lab", { start: network.at(5), end: network.at(2) });
    await world.keep();
    expect(world.written[0]?.conditions).toContainEqual(
      expect.objectContaining({ type: "Invalid", status: "True", message: expect.stringContaining(network.at(5)) }),
    );
  });

  test("a pool of addresses on request alone is not Exhausted while one is free", async () => {
    world.pool("lab", { assign: "OnRequest" });
    world.lease(1);
    await world.keep();
    expect(world.told).toEqual([]);
    for (let number = 2; number <= capacity; number += 1) world.lease(number);
    world.nowMs += 60_000;
    await world.keep();
    expect(world.told).toContain("Exhausted=True");
  });

  test("pools that overlap name each other, and one lease is used in both", async () => {
    world.pool("blue", { subnet: network.part(4) });
    world.pool("lab");
    world.lease(1);
    await world.keep("blue");
    expect(world.written[0]).toMatchObject({ capacity: String(part), used: "1", free: String(part - 1) });
    expect(world.written[0]?.conditions).toContainEqual(
      expect.objectContaining({ type: "Overlapping", status: "True", message: expect.stringContaining("lab") }),
    );
  });

  test("a lease of a pool that has moved elsewhere takes an address of the pool that has it now", async () => {
    world.pool("lab");
    world.pool("moved", { subnet: other.part(8) });
    world.lease(1, { pool: "moved" });
    await world.keep();
    await world.keep("moved");
    expect(world.written).toMatchObject([
      { used: "1", free: String(capacity - 1), outside: "0" },
      { used: "0", free: String(capacity), outside: "1" },
    ]);
  });

  test("a lease of a pool that is gone still takes its address", async () => {
    world.pool("lab");
    world.lease(1, { pool: "gone" });
    world.lease(2, { pool: "" });
    await world.keep();
    expect(world.written[0]).toMatchObject({ used: "2" });
  });
});

test("counts are decimal digits, exact past 2^53 and past int64", async () => {
  const world = new KeepingWorld(IPV6.network);
  world.pool("lab", { subnet: IPV6.network.subnet });
  world.lease(1);
  await world.keep();
  expect(world.written).toMatchObject([{ capacity: "18446744073709551615", used: "1", free: "18446744073709551614" }]);
  world.pool("lab", { generation: 2, subnet: "fd00::/16", exclude: ["fd00::/65"] });
  world.nowMs += 60_000;
  await world.keep();
  expect(world.written[1]).toMatchObject({
    capacity: "5192296858534818405158459474444288",
    used: "0",
    free: "5192296858534818405158459474444288",
    outside: "1",
  });
});

test.for<readonly [StatusWrite["kind"], number | undefined]>([
  ["changed", 1_000],
  ["unknown", 1_000],
  ["gone", undefined],
])(
  "after a write with the outcome %s the pool is looked at again in %s ms, and nothing is told",
  async ([kind, againMs]) => {
    const world = new KeepingWorld(IPV4.network);
    world.pool("lab");
    world.outcome = kind === "unknown" ? { kind, cause: new Error("cut off") } : ({ kind } as StatusWrite);
    expect(await world.keep()).toBe(againMs);
    expect(world.told).toEqual([]);
    expect(world.done).toBe(0);
  },
);

test("what a status should say is shown at each look, also while it must not be written yet", async () => {
  const world = new KeepingWorld(IPV4.network);
  world.pool("lab");
  await world.keep();
  world.lease(1);
  await world.keep();
  expect([world.shown, world.written.length, world.done]).toEqual([["lab 0", "lab 1"], 1, 1]);
});

test("a pool that is gone needs nothing, and is shown as gone", async () => {
  const world = new KeepingWorld(IPV4.network);
  expect(await world.keep("gone")).toBeUndefined();
  expect(world.shown).toEqual(["gone gone"]);
});
