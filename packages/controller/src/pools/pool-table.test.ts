import { rangeSetsOf } from "@cluster-ipam/allocator";
import { FAMILIES } from "@cluster-ipam/allocator/testing";
import { beforeEach, describe, expect, test } from "vitest";
import { leaseOf, poolOf } from "../testing/facts.ts";
import { type PoolReading, PoolTable } from "./pool-table.ts";

let reads: number;
let pools: PoolTable;

beforeEach(() => {
  reads = 0;
  pools = new PoolTable((pool) => {
    reads += 1;
    return { sets: rangeSetsOf(pool), fault: undefined };
  });
});

describe.each(FAMILIES)("of $family", ({ network }) => {
  const here = [{ subnet: network.part(8) }];
  const there = [{ subnet: network.part(8, 8) }];

  test("a pool whose status alone has changed is not read anew, and concerns itself alone", () => {
    pools.set(poolOf({ name: "lan", uid: "u2", generation: 1 }, here));
    pools.set(poolOf({ name: "lab", uid: "u1", generation: 1 }, here));
    const written = poolOf({ name: "lab", uid: "u1", generation: 1, resourceVersion: "7" }, here);
    expect([...pools.set(written)]).toEqual(["lab"]);
    expect(reads).toBe(2);
    expect(pools.get("lab")?.pool).toBe(written);
    expect(pools.overlapping("lab")).toEqual(["lan"]);
  });

  test.for([
    ["of a later generation", { name: "lab", uid: "u1", generation: 2 }],
    ["that was made again", { name: "lab", uid: "u3", generation: 1 }],
  ] as const)("a pool %s is read anew, and concerns those that it overlapped", ([, metadata]) => {
    pools.set(poolOf({ name: "lan", uid: "u2", generation: 1 }, here));
    pools.set(poolOf({ name: "lab", uid: "u1", generation: 1 }, here));
    expect([...pools.set(poolOf(metadata, there))].toSorted()).toEqual(["lab", "lan"]);
    expect(pools.overlapping("lan")).toEqual([]);
  });

  test("a pool that is read anew, and hands out the same, concerns nobody", () => {
    pools.set(poolOf({ name: "lab", uid: "u1", generation: 1 }, here));
    expect([...pools.reread("lab")]).toEqual([]);
    expect([...pools.reread("gone")]).toEqual([]);
    expect(reads).toBe(2);
  });

  test.for([
    ["addresses", { sets: rangeSetsOf(poolOf({ name: "lab" }, there)) }],
    ["addresses on request", { sets: rangeSetsOf(poolOf({ name: "lab" }, [{ ...here[0], assign: "OnRequest" }])) }],
    ["ranges", { sets: rangeSetsOf(poolOf({ name: "lab" }, [...here, ...there, { subnet: "2001:db8::/64" }])) }],
    ["another fault", { sets: [], fault: "no network" }],
  ] as const)("a pool that is read anew, and has other %s, concerns itself and what it overlapped", ([, other]) => {
    let reading: PoolReading | undefined;
    pools = new PoolTable((pool) => reading ?? { sets: rangeSetsOf(pool), fault: undefined });
    pools.set(poolOf({ name: "lan" }, here));
    pools.set(poolOf({ name: "lab" }, here));
    reading = { fault: undefined, ...other };
    expect([...pools.reread("lab")].toSorted()).toEqual(["lab", "lan"]);
    expect(pools.get("lab")).toMatchObject({ fault: reading.fault, sets: reading.sets });
  });
});

test("pools of one family each share nothing, though the numbers of their addresses are the same", () => {
  pools.set(poolOf({ name: "four" }, [{ subnet: "10.0.0.0/29" }]));
  pools.set(poolOf({ name: "six" }, [{ subnet: "::a00:0/125" }]));
  pools.set(poolOf({ name: "both" }, [{ subnet: "10.0.0.0/30" }, { subnet: "fd00::/64" }]));
  expect(pools.overlapping("four")).toEqual(["both"]);
  expect(pools.overlapping("six")).toEqual([]);
  expect(pools.concernedBy(leaseOf("::a00:1", { pool: "four" }))).toEqual(["four", "six"]);
});
