import { API_VERSION, INLINE_LABEL, type IPPool } from "@cluster-ipam/api";
import { parseAddress } from "@cluster-ipam/ip";
import { expect, test } from "vitest";
import { LeaseTable } from "../leases/lease-table.ts";
import { PoolTable } from "../pools/pool-table.ts";
import { IdlePools } from "./idle-pools.ts";

const DAY_MS = 86_400_000;
const INLINE = { [INLINE_LABEL]: "true" };

test("an inline pool goes when it has had no lease for a day, and not before", () => {
  const { pools, leases, idle } = setUp();
  pools.set(poolOf("lan-1", "u1", INLINE));
  expect(idle.look(pools, leases, 1_000)).toEqual([]);
  expect(idle.look(pools, leases, 1_000 + DAY_MS - 1)).toEqual([]);
  expect(idle.look(pools, leases, 1_000 + DAY_MS).map(({ metadata }) => metadata.name)).toEqual(["lan-1"]);
});

test("a pool that somebody wrote stays", () => {
  const { pools, leases, idle } = setUp();
  pools.set(poolOf("lan", "u1", {}));
  pools.set(poolOf("adopted", "u2", { [INLINE_LABEL]: "false" }));
  idle.look(pools, leases, 0);
  expect(idle.look(pools, leases, 10 * DAY_MS)).toEqual([]);
});

test("a lease in between begins the day anew", () => {
  const { pools, leases, idle } = setUp();
  pools.set(poolOf("lan-1", "u1", INLINE));
  idle.look(pools, leases, 0);
  take(leases);
  idle.look(pools, leases, DAY_MS / 2);
  leases.delete("10.0.0.1");
  expect(idle.look(pools, leases, DAY_MS)).toEqual([]);
  expect(idle.look(pools, leases, 2 * DAY_MS - 1)).toEqual([]);
  expect(idle.look(pools, leases, 2 * DAY_MS)).toHaveLength(1);
});

test("a pool that was made again under its name begins its day anew", () => {
  const { pools, leases, idle } = setUp();
  pools.set(poolOf("lan-1", "u1", INLINE));
  idle.look(pools, leases, 0);
  pools.set(poolOf("lan-1", "u2", INLINE));
  expect(idle.look(pools, leases, DAY_MS)).toEqual([]);
});

function setUp() {
  const pools = new PoolTable(() => ({ sets: [], fault: undefined }));
  return { pools, leases: new LeaseTable(), idle: new IdlePools(DAY_MS) };
}

function take(leases: LeaseTable): void {
  const address = parseAddress("10.0.0.1");
  if (address === undefined) throw new Error("no address");
  const rest = {
    uid: "u",
    resourceVersion: "1",
    addressSpace: "",
    holder: "",
    podUid: "",
    releasedAt: "",
    keepSeconds: undefined,
    node: "n1",
  };
  leases.set({ name: "10.0.0.1", address, pool: "lan-1", state: "attached", ...rest });
}

function poolOf(name: string, uid: string, labels: Record<string, string>): IPPool {
  const spec = {
    ranges: [{ subnet: "10.0.0.0/24", assign: "Any" as const }],
    addressSpace: "",
    strategy: "Spread" as const,
    coolDownSeconds: 0,
    reserveGateway: true,
  };
  return { apiVersion: API_VERSION, kind: "IPPool", metadata: { name, uid, labels }, spec };
}
