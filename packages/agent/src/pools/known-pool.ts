import { checkPool, type RangeSet, rangeSetsOf } from "@cluster-ipam/allocator";
import type { IPPool } from "@cluster-ipam/api";
import { checkRoutes } from "@cluster-ipam/dialects";
import { IpamError } from "@cluster-ipam/errors";
import { refuseUnwatched } from "./keeping-fields.ts";
import { refuseUnserved } from "./unserved-fields.ts";

/** A pool as read, with its range sets; these stay the same objects for as long as the pool has the same version. */
export interface KnownPool {
  readonly pool: IPPool;
  /** @throws IpamError `bad-config` where the pool cannot be served */
  readonly rangeSets: () => readonly RangeSet[];
}

/**
 * A pool that has just been read.
 *
 * @param previous what was known of the pool of that name: the same, where the pool has not changed
 */
export function knownPool(pool: IPPool, previous: KnownPool | undefined): KnownPool {
  const isSame =
    previous?.pool.metadata.uid === pool.metadata.uid &&
    previous?.pool.metadata.resourceVersion === pool.metadata.resourceVersion;
  if (previous !== undefined && isSame) return previous;
  let sets: readonly RangeSet[] | undefined;
  return {
    pool,
    rangeSets: () => {
      refuseUnwatched(pool);
      sets ??= compile(pool);
      return sets;
    },
  };
}

function compile(pool: IPPool): readonly RangeSet[] {
  refuseUnserved(pool);
  refuseFaulty(pool);
  checkRoutes(pool.spec.routes ?? [], `pool ${pool.metadata.name}: routes`);
  return rangeSetsOf(pool);
}

function refuseFaulty(pool: IPPool): void {
  const faults = checkPool(pool);
  if (faults.length > 0) throw new IpamError("bad-config", `pool ${pool.metadata.name}: ${faults.join("; ")}`);
}

/** Whether some address of the set may be handed out by `pool`, too, or may have been. */
export function overlaps(pool: IPPool, set: RangeSet): boolean {
  if (pool.spec.addressSpace !== set.addressSpace) return false;
  try {
    return rangeSetsOf(pool).some(({ addresses }) => addresses.overlaps(set.addresses));
  } catch {
    // A pool that cannot be read hands nothing out now, but may have before: its leases count.
    return true;
  }
}
