import { checkPool, podCidrSetsOf, type RangeSet, rangeSetsOf } from "@cluster-ipam/allocator";
import type { IPPool } from "@cluster-ipam/api";
import { checkRoutes } from "@cluster-ipam/dialects";
import { IpamError } from "@cluster-ipam/errors";
import { refuseUnwatched } from "./keeping-fields.ts";

/** A pool as read, with its range sets; these stay the same objects for as long as the pool's specification does. */
export interface KnownPool {
  readonly pool: IPPool;
  /**
   * @param podCidrs networks of this node's pods, which a pool hands out that has them for its `source`
   * @throws IpamError `bad-config` where the pool cannot be served
   */
  readonly rangeSets: (podCidrs?: readonly string[]) => readonly RangeSet[];
}

interface Compiled {
  readonly networks: string;
  readonly sets: readonly RangeSet[];
}

/** What is compiled of a pool outlives what a controller writes into its status, which it does often. */
const compilations = new WeakMap<KnownPool, { latest?: Compiled }>();

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
  const isSameSpec = previous !== undefined && hasSameSpec(pool, previous.pool);
  const compilation = (isSameSpec ? compilations.get(previous) : undefined) ?? {};
  const known = {
    pool,
    rangeSets: (podCidrs: readonly string[] = []): readonly RangeSet[] => {
      refuseUnwatched(pool);
      const networks = podCidrs.join();
      const latest = compilation.latest?.networks === networks ? compilation.latest : undefined;
      compilation.latest = latest ?? { networks, sets: compile(pool, podCidrs) };
      return compilation.latest.sets;
    },
  };
  compilations.set(known, compilation);
  return known;
}

/** The server counts the generation up with each change of the specification, and of nothing else. */
function hasSameSpec({ metadata }: IPPool, { metadata: previous }: IPPool): boolean {
  return (
    metadata.uid === previous.uid && metadata.generation !== undefined && metadata.generation === previous.generation
  );
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
