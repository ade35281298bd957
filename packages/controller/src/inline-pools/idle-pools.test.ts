import { INLINE_LABEL } from "@cluster-ipam/api";
import { expect, test } from "vitest";
import { LeaseTable } from "../leases/lease-table.ts";
import { PoolTable } from "../pools/pool-table.ts";
import { leaseOf, poolOf } from "../testing/facts.ts";
import { IdlePools } from "./idle-pools.ts";

const RANGES = [{ subnet: "10.0.0.0/24" }];
const DAY_MS = 86_400_000;
const INLINE = { [INLINE_LABEL]: "true" };

test("an inline pool goes when it has had no lease for a day, and not before", () => {
  const { pools, leases, idle } = setUp();
  pools.set(poolOf({ name: "lan-1", uid: "u1", labels: INLINE }, RANGES));
  expect(idle.look(pools, leases, 1_000)).toEqual([]);
  expect(idle.look(pools, leases, 1_000 + DAY_MS - 1)).toEqual([]);
  expect(idle.look(pools, leases, 1_000 + DAY_MS).map(({ metadata }) => metadata.name)).toEqual(["lan-1"]);
});

test("a pool that somebody wrote stays", () => {
  const { pools, leases, idle } = setUp();
  pools.set(poolOf({ name: "lan", uid: "u1", labels: {} }, RANGES));
  pools.set(poolOf({ name: "adopted", uid: "u2", labels: { [INLINE_LABEL]: "false" } }, RANGES));
  idle.look(pools, leases, 0);
  expect(idle.look(pools, leases, 10 * DAY_MS)).toEqual([]);
});

test("a lease in between begins the day anew", () => {
  const { pools, leases, idle } = setUp();
  pools.set(poolOf({ name: "lan-1", uid: "u1", labels: INLINE }, RANGES));
  idle.look(pools, leases, 0);
  leases.set(leaseOf("10.0.0.1", { pool: "lan-1" }));
  idle.look(pools, leases, DAY_MS / 2);
  leases.delete("10.0.0.1");
  expect(idle.look(pools, leases, DAY_MS)).toEqual([]);
  expect(idle.look(pools, leases, 2 * DAY_MS - 1)).toEqual([]);
  expect(idle.look(pools, leases, 2 * DAY_MS)).toHaveLength(1);
});

test("a pool that was made again under its name begins its day anew", () => {
  const { pools, leases, idle } = setUp();
  pools.set(poolOf({ name: "lan-1", uid: "u1", labels: INLINE }, RANGES));
  idle.look(pools, leases, 0);
  pools.set(poolOf({ name: "lan-1", uid: "u2", labels: INLINE }, RANGES));
  expect(idle.look(pools, leases, DAY_MS)).toEqual([]);
});

function setUp() {
  const pools = new PoolTable(() => ({ sets: [], fault: undefined }));
  return { pools, leases: new LeaseTable(), idle: new IdlePools(DAY_MS) };
}
