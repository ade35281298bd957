import { checkPool, podCidrSetsOf, type RangeSet, rangeSetsOf } from "@cluster-ipam/allocator";
import type { IPPool } from "@cluster-ipam/api";
import { checkRoutes } from "@cluster-ipam/dialects";
import { IpamError } from "@cluster-ipam/errors";
import { refuseUnwatched } from "./keeping-fields.ts";

/** A pool as read, with its range sets; these stay the same objects for as long as the pool has the same version. */
export interface KnownPool {
  readonly pool: IPPool;
  /**
   * @param podCidrs networks of this node's pods, which a pool hands out that has them for its `source`
   * @throws IpamError `bad-config` where the pool cannot be served
   */
  readonly rangeSets: (podCidrs?: readonly string[]) => readonly RangeSet[];
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
  let compiled: { readonly networks: string; readonly sets: readonly RangeSet[] } | undefined;
  return {
    pool,
    rangeSets: (podCidrs = []) => {
      refuseUnwatched(pool);
      const networks = podCidrs.join();
      if (compiled?.networks !== networks) compiled = { networks, sets: compile(pool, podCidrs) };
      return compiled.sets;
    },
  };
}

function compile(pool: IPPool, podCidrs: readonly string[]): readonly RangeSet[] {
  refuseFaulty(pool);
  checkRoutes(pool.spec.routes ?? [], `pool ${pool.metadata.name}: routes`);
  return pool.spec.source === undefined ? rangeSetsOf(pool) : podCidrSetsOf(pool, podCidrs);
}

function refuseFaulty(pool: IPPool): void {
  const faults = checkPool(pool);
  if (faults.length > 0) throw new IpamError("bad-config", `pool ${pool.metadata.name}: ${faults.join("; ")}`);
}

/**
 * Whether some address of the set may be handed out by `pool`, too, or may have been.
 *
 * A pool of the nodes' own networks shares addresses with another such set of this node, and with nothing else: the
 * networks of other nodes are not this node's, and a pool with ranges among them meets its leases at each create.
 */
export function overlaps(pool: IPPool, set: RangeSet): boolean {
  if (pool.spec.addressSpace !== set.addressSpace) return false;
  if (pool.spec.source !== undefined) return set.isNodesOwn;
  try {
    return rangeSetsOf(pool).some(({ addresses }) => addresses.overlaps(set.addresses));
  } catch {
    // A pool that cannot be read hands nothing out now, but may have before: its leases count.
    return true;
  }
}
