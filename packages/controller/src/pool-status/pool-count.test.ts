import { type RangeSet, rangeSetsOf } from "@cluster-ipam/allocator";
import { IPV4, IPV6 } from "@cluster-ipam/allocator/testing";
import type { PoolRange } from "@cluster-ipam/api";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { LeaseFact, LeaseState } from "../leases/lease-fact.ts";
import { leaseOf, poolOf } from "../testing/facts.ts";
import { countPool } from "./pool-count.ts";

/** What the first eight addresses of a network hand out: IPv4 loses its first and its last, IPv6 its first. */
const FAMILIES = [
  { ...IPV4, capacity: 6n },
  { ...IPV6, capacity: 7n },
] as const;

describe.each(FAMILIES)("in a pool of $family", ({ network, other, capacity }) => {
  const subnet = network.part(8);
  const lab = setsOf([{ subnet }]);

  function lease(number: number, some: Partial<LeaseFact> = {}): LeaseFact {
    return leaseOf(network.at(number), some);
  }

  test("without leases all is free", () => {
    expect(countPool("lab", lab, [])).toEqual(counted({ capacity, free: capacity, freeForAny: capacity }));
  });

  test.for<readonly [LeaseState, Partial<Record<"used" | "reserved" | "kept", bigint>>]>([
    ["attached", { used: 2n }],
    ["reserved", { reserved: 2n }],
    ["kept", { kept: 2n }],
  ])("leases that are %s are counted as such", ([state, expected]) => {
    const free = capacity - 2n;
    expect(countPool("lab", lab, [lease(2, { state }), lease(3, { state })])).toEqual(
      counted({ capacity, free, freeForAny: free, ...expected }),
    );
  });

  test("an address that another pool gave out is taken here, too", () => {
    const leases = [lease(2, { pool: "other" }), lease(3, { pool: "" })];
    expect(countPool("lab", lab, leases)).toMatchObject({ used: 2n, free: capacity - 2n, outside: 0n });
  });

  test("a lease of the pool that lies outside its ranges is counted apart, one of another pool is not", () => {
    const leases = [lease(200), lease(0), lease(8), leaseOf(other.at(1), { pool: "other" })];
    expect(countPool("lab", lab, leases)).toMatchObject({ used: 0n, free: capacity, outside: 3n });
  });

  test("the same address in another space is another address", () => {
    const leases = [lease(2, { addressSpace: "vlan-7", pool: "other" })];
    expect(countPool("lab", lab, leases)).toMatchObject({ used: 0n, free: capacity, outside: 0n });
  });

  test("an address on request counts for the capacity, and is not free for any", () => {
    const onRequest = { start: network.at(5), end: network.at(6), assign: "OnRequest" } as const;
    const sets = setsOf([{ subnet }, { subnet, ...onRequest }]);
    expect(countPool("lab", sets, [lease(5), lease(1)])).toEqual(
      counted({ capacity, used: 2n, free: capacity - 2n, freeForAny: capacity - 3n }),
    );
  });

  test("what is excluded is no capacity, once however often it is, and a lease there is outside", () => {
    const exclude = [network.at(2), `${network.at(2)}-${network.at(3)}`, network.part(2, 2)];
    const sets = setsOf([
      { subnet, exclude },
      { subnet, gateway: network.at(3), exclude: [network.at(0)] },
    ]);
    expect(countPool("lab", sets, [lease(2), lease(4)])).toEqual(
      counted({ capacity: capacity - 2n, used: 1n, free: capacity - 3n, freeForAny: capacity - 3n, outside: 1n }),
    );
  });

  test("the gateway is no capacity, unless the pool hands it out", () => {
    const ranges = [{ subnet, gateway: network.at(1) }];
    const capacityOf = (reserveGateway: boolean): bigint =>
      countPool("lab", rangeSetsOf(poolOf({ name: "lab" }, ranges, { reserveGateway })), []).capacity;
    expect([capacityOf(true), capacityOf(false)]).toEqual([capacity - 1n, capacity]);
  });

  test("what two ranges share is counted once", () => {
    const sets = setsOf([{ subnet }, { subnet, start: network.at(3), end: network.at(5) }]);
    expect(countPool("lab", sets, [lease(4)])).toMatchObject({ capacity, used: 1n, free: capacity - 1n });
  });

  test("what is used, reserved, kept and free is the capacity, whatever leases there are", () => {
    const state = fc.constantFrom<LeaseState>("attached", "reserved", "kept");
    const number = fc.integer({ min: 0, max: 20 });
    const row = fc.record({ number, state, pool: fc.constantFrom("lab", "other", "") });
    fc.assert(
      fc.property(fc.uniqueArray(row, { selector: (one) => one.number }), (rows) => {
        const leases = rows.map((one) => lease(one.number, { state: one.state, pool: one.pool }));
        const inside = rows.filter((one) => one.number >= 1 && BigInt(one.number) <= capacity);
        const count = countPool("lab", lab, leases);
        expect(count.used + count.reserved + count.kept + count.free).toBe(capacity);
        expect(count.used).toBe(BigInt(inside.filter((one) => one.state === "attached").length));
        expect(count.kept).toBe(BigInt(inside.filter((one) => one.state === "kept").length));
        expect(count.outside).toBe(BigInt(rows.filter((one) => one.pool === "lab" && !inside.includes(one)).length));
      }),
    );
  });
});

test("a pool of both families counts both together", () => {
  const sets = setsOf([{ subnet: "10.0.0.0/29" }, { subnet: "fd00::/125" }]);
  const leases = [leaseOf("10.0.0.2"), leaseOf("fd00::2"), leaseOf("fd00::3", { state: "kept" })];
  expect(countPool("lab", sets, leases)).toEqual(
    counted({ capacity: 6n + 7n, used: 2n, kept: 1n, free: 10n, freeForAny: 10n }),
  );
});

test("an IPv4 address and the IPv6 address of the same number are two", () => {
  const [four, six] = [setsOf([{ subnet: "10.0.0.0/29" }]), setsOf([{ subnet: "::a00:0/125" }])];
  const leases = [
    leaseOf("10.0.0.2", { pool: "" }),
    leaseOf("::a00:3", { pool: "" }),
    leaseOf("::a00:4", { pool: "" }),
  ];
  expect(countPool("lab", four, leases)).toMatchObject({ capacity: 6n, used: 1n });
  expect(countPool("lab", six, leases)).toMatchObject({ capacity: 7n, used: 2n });
});

test("IPv6 addresses that are written in several ways are one", () => {
  const exclude = ["fd00::2", "FD00::2", "fd00:0:0:0:0:0:0:2", "fd00::0002-FD00::0003"];
  const sets = setsOf([{ subnet: "FD00:0::/125", gateway: "FD00:0::0003", exclude }]);
  const leases = [leaseOf("FD00:0::0004", { state: "reserved" }), leaseOf("fd00::0:2")];
  expect(countPool("lab", sets, leases)).toEqual(
    counted({ capacity: 5n, reserved: 1n, free: 4n, freeForAny: 4n, outside: 1n }),
  );
});

// Past the exact integers of a double, of int64 and of uint64.
test.for([
  ["fd00::", 75, 9_007_199_254_740_991n],
  ["fd00::", 74, 18_014_398_509_481_983n],
  ["fd00::", 65, 9_223_372_036_854_775_807n],
  ["fd00::", 64, 18_446_744_073_709_551_615n],
  ["fd00::", 63, 36_893_488_147_419_103_231n],
  ["8000::", 1, 170_141_183_460_469_231_731_687_303_715_884_105_727n],
] as const)("the sizes of %s/%i are exact", ([base, prefixLength, capacity]) => {
  const subnet = `${base}/${prefixLength}`;
  expect(countPool("lab", setsOf([{ subnet }]), [])).toMatchObject({ capacity, free: capacity });
  const sets = setsOf([{ subnet, exclude: [`${base}2-${base}8`] }]);
  expect(countPool("lab", sets, [leaseOf(`${base}2`), leaseOf(`${base}9`)])).toEqual(
    counted({ capacity: capacity - 7n, used: 1n, free: capacity - 8n, freeForAny: capacity - 8n, outside: 1n }),
  );
});

test("a pool that cannot be read has nothing, and all of its leases lie outside", () => {
  expect(countPool("lab", [], [leaseOf("10.0.0.2"), leaseOf("fd00::2")])).toEqual(counted({ outside: 2n }));
});

function counted(some: Partial<ReturnType<typeof countPool>>): ReturnType<typeof countPool> {
  return { capacity: 0n, used: 0n, reserved: 0n, kept: 0n, free: 0n, freeForAny: 0n, outside: 0n, ...some };
}

function setsOf(ranges: readonly Partial<PoolRange>[]): readonly RangeSet[] {
  return rangeSetsOf(poolOf({ name: "lab" }, ranges));
}
