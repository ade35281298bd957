import { checkPool, podCidrSetsOf, rangeSetsOf } from "@cluster-ipam/allocator";
import type { IPPool } from "@cluster-ipam/api";
import type { PoolReading } from "./pool-table.ts";

/**
 * What a pool hands out, on all nodes together.
 *
 * @param podCidrs the networks of every node, for pools of these
 */
export function readPool(pool: IPPool, podCidrs: readonly string[]): PoolReading {
  const faults = checkPool(pool);
  if (faults.length > 0) return { sets: [], fault: faults.join("; ") };
  try {
    return {
      sets: pool.spec.source === undefined ? rangeSetsOf(pool) : podCidrSetsOf(pool, podCidrs),
      fault: undefined,
    };
  } catch (error) {
    return { sets: [], fault: error instanceof Error ? error.message : String(error) };
  }
}
