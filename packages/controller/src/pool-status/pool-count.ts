import type { RangeSet } from "@cluster-ipam/allocator";
import type { LeaseFact } from "../leases/lease-fact.ts";

/** How many addresses of a pool are what; exact for any size. */
export interface PoolCount {
  /** Addresses that may be handed out, those on request among them. */
  readonly capacity: bigint;
  /** Those that a sandbox has, whichever pool gave them to it. */
  readonly used: bigint;
  /** Those that are reserved by hand and that nobody has. */
  readonly reserved: bigint;
  /** Those that cool down or are retained. */
  readonly kept: bigint;
  readonly free: bigint;
  /** Those of the free ones that serve any request. */
  readonly freeForAny: bigint;
  /** Leases that name the pool, and whose address it does not hand out any more. */
  readonly outside: bigint;
}

/**
 * Counts the addresses of a pool.
 *
 * @param sets what the pool hands out today: one set a family, [] where it cannot be read
 * @param leases every lease that may lie in the sets or names the pool; others are passed over
 */
export function countPool(pool: string, sets: readonly RangeSet[], leases: Iterable<LeaseFact>): PoolCount {
  const taken = { attached: 0n, reserved: 0n, kept: 0n };
  let [openTaken, outside] = [0n, 0n];
  for (const lease of leases) {
    const set = setOf(lease, sets);
    if (set === undefined) {
      if (lease.pool === pool) outside += 1n;
      continue;
    }
    taken[lease.state] += 1n;
    if (set.open.has(lease.address)) openTaken += 1n;
  }
  const capacity = sum(sets.map(({ addresses }) => addresses.size));
  return {
    capacity,
    used: taken.attached,
    reserved: taken.reserved,
    kept: taken.kept,
    free: capacity - taken.attached - taken.reserved - taken.kept,
    freeForAny: sum(sets.map(({ open }) => open.size)) - openTaken,
    outside,
  };
}

function setOf({ address, addressSpace }: LeaseFact, sets: readonly RangeSet[]): RangeSet | undefined {
  return sets.find((set) => set.addressSpace === addressSpace && set.addresses.has(address));
}

function sum(sizes: readonly bigint[]): bigint {
  return sizes.reduce((total, size) => total + size, 0n);
}
