import { rangeSetsOf } from "@cluster-ipam/allocator";
import { beforeEach, expect, test } from "vitest";
import { poolOf } from "../testing/facts.ts";
import { PoolTable } from "./pool-table.ts";

const HERE = [{ subnet: "10.0.0.0/29" }];
const THERE = [{ subnet: "10.0.0.8/29" }];

let reads: number;
let pools: PoolTable;

beforeEach(() => {
  reads = 0;
  pools = new PoolTable((pool) => {
    reads += 1;
    return { sets: rangeSetsOf(pool), fault: undefined };
  });
});

test("a pool whose status alone has changed is not read anew, and concerns itself alone", () => {
  pools.set(poolOf({ name: "lan", uid: "u2", generation: 1 }, HERE));
  pools.set(poolOf({ name: "lab", uid: "u1", generation: 1 }, HERE));
  const written = poolOf({ name: "lab", uid: "u1", generation: 1, resourceVersion: "7" }, HERE);
  expect([...pools.set(written)]).toEqual(["lab"]);
  expect(reads).toBe(2);
  expect(pools.get("lab")?.pool).toBe(written);
  expect(pools.overlapping("lab")).toEqual(["lan"]);
});

test.for([
  ["of a later generation", { name: "lab", uid: "u1", generation: 2 }],
  ["that was made again", { name: "lab", uid: "u3", generation: 1 }],
] as const)("a pool %s is read anew, and concerns those that it overlapped", ([, metadata]) => {
  pools.set(poolOf({ name: "lan", uid: "u2", generation: 1 }, HERE));
  pools.set(poolOf({ name: "lab", uid: "u1", generation: 1 }, HERE));
  expect([...pools.set(poolOf(metadata, THERE))].toSorted()).toEqual(["lab", "lan"]);
  expect(pools.overlapping("lan")).toEqual([]);
});

test("a pool of the nodes' own networks is read anew whenever it is told of", () => {
  const pool = poolOf({ name: "nodes", uid: "u1", generation: 1 }, [], { source: "NodePodCIDR" });
  pools.set(pool);
  pools.set(pool);
  expect(reads).toBe(2);
});
