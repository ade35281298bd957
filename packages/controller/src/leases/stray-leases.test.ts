import { rangeSetsOf } from "@cluster-ipam/allocator";
import { FAMILIES } from "@cluster-ipam/allocator/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PoolTable } from "../pools/pool-table.ts";
import { leaseOf, poolOf } from "../testing/facts.ts";
import { LeaseTable } from "./lease-table.ts";
import { StrayLeases } from "./stray-leases.ts";

describe.each(FAMILIES)("of $family", ({ network, other }) => {
  const [here, there] = [network.part(8), network.part(8, 8)];

  test("a lease is astray while its pool does not hand out its address, whichever of them changes", () => {
    const { pools, leases, strays, setPool, setLease } = setUp();
    setLease(network.at(1), "lab");
    expect(names(strays)).toEqual([network.nameAt(1)]);
    setPool("lab", here);
    expect(names(strays)).toEqual([]);
    setPool("lab", there);
    expect(names(strays)).toEqual([network.nameAt(1)]);
    setPool("other", here);
    expect(names(strays)).toEqual([network.nameAt(1)]);
    expect(pools.concernedBy(leaseOf(network.at(1), { pool: "lab" }))).toEqual(["lab", "other"]);
    strays.leaseChanged(leases.delete(network.nameAt(1)), undefined);
    expect(names(strays)).toEqual([]);
  });

  test("a lease of another address space is astray", () => {
    const { strays, setPool, setLease } = setUp();
    setPool("lab", here);
    setLease(network.at(1), "lab", "blue");
    expect(names(strays)).toEqual([`blue.${network.nameAt(1)}`]);
  });

  test("after any changes those are astray that their pool does not hand out", () => {
    const pool = fc.constantFrom("lab", "lan", "");
    const change = fc.oneof(
      fc.record({
        kind: fc.constant("pool" as const),
        pool,
        subnet: fc.constantFrom(here, there, other.part(8), undefined),
      }),
      fc.record({
        kind: fc.constant("lease" as const),
        pool,
        last: fc.integer({ min: 1, max: 14 }),
        isGone: fc.boolean(),
      }),
    );
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
        const { pools, leases, strays, setPool, setLease } = setUp();
        for (const step of changes) {
          if (step.kind === "pool") setPool(step.pool, step.subnet);
          else if (step.isGone) strays.leaseChanged(leases.delete(network.nameAt(step.last)), undefined);
          else setLease(network.at(step.last), step.pool);
        }
        const astray = [...leases.all()].filter((lease) => !pools.handsOut(lease.pool, lease));
        expect(names(strays)).toEqual(astray.map(({ name }) => name).toSorted());
      }),
    );
  });
});

function setUp(): {
  pools: PoolTable;
  leases: LeaseTable;
  strays: StrayLeases;
  setPool: (name: string, subnet: string | undefined) => void;
  setLease: (address: string, pool: string, addressSpace?: string) => void;
} {
  const pools = new PoolTable((pool) => ({ sets: rangeSetsOf(pool), fault: undefined }));
  const leases = new LeaseTable();
  const strays = new StrayLeases(pools, leases);
  const setPool = (name: string, subnet: string | undefined): void => {
    if (subnet === undefined) pools.delete(name);
    else pools.set(poolOf({ name }, [{ subnet }]));
    strays.poolChanged(name);
  };
  const setLease = (address: string, pool: string, addressSpace = ""): void => {
    const lease = leaseOf(address, { pool, addressSpace });
    strays.leaseChanged(leases.set(lease), lease);
  };
  return { pools, leases, strays, setPool, setLease };
}

function names(strays: StrayLeases): string[] {
  return [...strays.all()].map(({ name }) => name).toSorted();
}
