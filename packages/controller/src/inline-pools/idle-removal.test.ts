import { attachedLease, MemoryLeaseStore } from "@cluster-ipam/allocator/testing";
import { API_VERSION, type IPPool, IPPoolSchema } from "@cluster-ipam/api";
import { beforeEach, expect, test } from "vitest";
import { ToldOnce } from "../garbage/told-once.ts";
import { removeIdlePools } from "./idle-removal.ts";

const POOL: IPPool = IPPoolSchema.parse({
  apiVersion: API_VERSION,
  kind: "IPPool",
  metadata: { name: "lan-1", uid: "u1", resourceVersion: "7" },
  spec: { ranges: [{ subnet: "10.0.0.0/24" }] },
});
const { signal } = new AbortController();

let leases: MemoryLeaseStore;
let outcome: "deleted" | "changed" | "gone" | "unknown";
let deleted: object[];
let told: string[];
let toldOnce: ToldOnce;

beforeEach(() => {
  leases = new MemoryLeaseStore();
  outcome = "deleted";
  deleted = [];
  told = [];
  toldOnce = new ToldOnce();
});

function remove(pools: readonly IPPool[], isDryRun = false): Promise<void> {
  return removeIdlePools(
    pools,
    {
      names: leases,
      store: {
        delete: (version) => {
          deleted.push(version);
          return Promise.resolve(
            outcome === "unknown" ? { kind: outcome, cause: new Error("cut") } : { kind: outcome },
          );
        },
      },
      journal: {
        poolRemoved: ({ name }, idleMs) => told.push(`removed ${name} after ${idleMs}`),
        failed: (what, error) => told.push(`failed ${what}: ${String(error)}`),
      },
      idleMs: 1_000,
      pause: () => Promise.resolve(),
      isDryRun,
      told: toldOnce,
    },
    signal,
  );
}

test("a pool goes at the version that was looked at", async () => {
  await remove([POOL]);
  expect(deleted).toEqual([{ name: "lan-1", uid: "u1", resourceVersion: "7" }]);
  expect(told).toEqual(["removed lan-1 after 1000"]);
});

test("a pool stays of which the server has a lease that the watch has not shown", async () => {
  await leases.create(attachedLease("10.0.0.5", { pool: "lan-1" }));
  await remove([POOL]);
  expect([deleted, told]).toEqual([[], []]);
});

test.each(["changed", "gone"] as const)("a pool that is %s by then is somebody else's matter", async (kind) => {
  outcome = kind;
  await remove([POOL]);
  expect(told).toEqual([]);
});

test("a pool that may or may not be gone is told of as failed", async () => {
  outcome = "unknown";
  await remove([POOL]);
  expect(told).toEqual(["failed removal of pool lan-1: Error: cut"]);
});

test("a pool that somebody's finalizer holds back is left alone", async () => {
  await remove([{ ...POOL, metadata: { ...POOL.metadata, deletionTimestamp: "2026-02-03T04:05:06Z" } }]);
  expect(deleted).toEqual([]);
});

test("a dry run tells once, and anew where the pool had leases in between", async () => {
  await remove([POOL], true);
  await remove([POOL], true);
  expect(told).toHaveLength(1);
  await remove([], true);
  await remove([POOL], true);
  expect(told).toHaveLength(2);
  expect(deleted).toEqual([]);
});
