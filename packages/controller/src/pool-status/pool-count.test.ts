import { type RangeSet, rangeSetsOf } from "@cluster-ipam/allocator";
import type { PoolRange } from "@cluster-ipam/api";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { LeaseState } from "../leases/lease-fact.ts";
import { leaseOf, poolOf } from "../testing/facts.ts";
import { countPool } from "./pool-count.ts";

const LAB = setsOf([{ subnet: "10.0.0.0/29" }, { subnet: "fd00::/125" }]);

test("a pool without leases is free as a whole, both families together", () => {
  expect(countPool("lab", LAB, [])).toEqual(counted({ capacity: 6n + 7n, free: 13n, freeForAny: 13n }));
});

test.for<readonly [LeaseState, Partial<Record<"used" | "reserved" | "kept", bigint>>]>([
  ["attached", { used: 2n }],
  ["reserved", { reserved: 2n }],
  ["kept", { kept: 2n }],
])("leases that are %s are counted as such, IPv4 and IPv6", ([state, expected]) => {
  const leases = [leaseOf("10.0.0.2", { state }), leaseOf("fd00::2", { state })];
  expect(countPool("lab", LAB, leases)).toEqual(counted({ capacity: 13n, free: 11n, freeForAny: 11n, ...expected }));
});

test("an address that another pool gave out is taken here, too", () => {
  const leases = [leaseOf("10.0.0.2", { pool: "other" }), leaseOf("10.0.0.3", { pool: "" })];
  expect(countPool("lab", LAB, leases)).toMatchObject({ used: 2n, free: 11n, outside: 0n });
});

test("a lease of the pool that lies outside its ranges is counted apart, one of another pool is not", () => {
  const leases = [leaseOf("10.0.0.200"), leaseOf("10.0.0.7"), leaseOf("10.9.0.1", { pool: "other" })];
  expect(countPool("lab", LAB, leases)).toMatchObject({ used: 0n, free: 13n, outside: 2n });
});

test("the same address in another space is another address", () => {
  const leases = [leaseOf("10.0.0.2", { addressSpace: "vlan-7", pool: "other" })];
  expect(countPool("lab", LAB, leases)).toMatchObject({ used: 0n, free: 13n, outside: 0n });
});

test("an address on request counts for the capacity, and is not free for any", () => {
  const sets = setsOf([{ subnet: "10.0.0.0/29" }, { subnet: "10.0.0.0/29", start: "10.0.0.5", assign: "OnRequest" }]);
  expect(countPool("lab", sets, [leaseOf("10.0.0.5"), leaseOf("10.0.0.1")])).toEqual(
    counted({ capacity: 6n, used: 2n, free: 4n, freeForAny: 3n }),
  );
});

test("sizes past 2^53 are exact", () => {
  const sets = setsOf([{ subnet: "fd00::/16" }]);
  const capacity = 2n ** 112n - 1n;
  expect(countPool("lab", sets, [leaseOf("fd00::2")])).toEqual(
    counted({ capacity, used: 1n, free: capacity - 1n, freeForAny: capacity - 1n }),
  );
});

test("a pool that cannot be read has nothing, and all of its leases lie outside", () => {
  expect(countPool("lab", [], [leaseOf("10.0.0.2")])).toEqual(counted({ outside: 1n }));
});

test("what is used, reserved, kept and free is the capacity, whatever leases there are", () => {
  const state = fc.constantFrom<LeaseState>("attached", "reserved", "kept");
  const number = fc.integer({ min: 0, max: 20 });
  const lease = fc.record({ number, state, pool: fc.constantFrom("lab", "other", "") });
  fc.assert(
    fc.property(fc.uniqueArray(lease, { selector: (one) => one.number }), (rows) => {
      const leases = rows.map((row) => leaseOf(`10.0.0.${row.number}`, { state: row.state, pool: row.pool }));
      const inside = rows.filter((row) => row.number >= 1 && row.number <= 6);
      const { capacity, used, reserved, kept, free, outside } = countPool("lab", LAB, leases);
      expect(used + reserved + kept + free).toBe(capacity);
      expect(used).toBe(BigInt(inside.filter((row) => row.state === "attached").length));
      expect(kept).toBe(BigInt(inside.filter((row) => row.state === "kept").length));
      expect(outside).toBe(BigInt(rows.filter((row) => row.pool === "lab" && !inside.includes(row)).length));
    }),
  );
});

function counted(some: Partial<ReturnType<typeof countPool>>): ReturnType<typeof countPool> {
  return { capacity: 0n, used: 0n, reserved: 0n, kept: 0n, free: 0n, freeForAny: 0n, outside: 0n, ...some };
}

function setsOf(ranges: readonly Partial<PoolRange>[]): readonly RangeSet[] {
  return rangeSetsOf(poolOf({ name: "lab" }, ranges));
}
