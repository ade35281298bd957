import { checkPool, podCidrSetsOf, rangeSetsOf } from "@cluster-ipam/allocator";
import { type IPPool, unmetRequirements } from "@cluster-ipam/api";
import type { NodeNetworks } from "../nodes/node-fact.ts";
import type { PoolReading } from "./pool-table.ts";

/**
 * What a pool hands out, on all nodes together.
 *
 * @param nodes all of them, for pools of the nodes' own networks
 */
export function readPool(pool: IPPool, nodes: Iterable<NodeNetworks>): PoolReading {
  const faults = checkPool(pool);
  if (faults.length > 0) return { sets: [], fault: faults.join("; ") };
  try {
    return {
      sets: pool.spec.source === undefined ? rangeSetsOf(pool) : podCidrSetsOf(pool, podCidrsFor(pool, nodes)),
      fault: undefined,
    };
  } catch (error) {
    return { sets: [], fault: error instanceof Error ? error.message : String(error) };
  }
}

/** The networks of the nodes that the pool serves, each once. */
function podCidrsFor({ spec: { nodeSelector = {} } }: IPPool, nodes: Iterable<NodeNetworks>): readonly string[] {
  const served = [...nodes].filter(({ labels }) => unmetRequirements(nodeSelector, labels).length === 0);
  return [...new Set(served.flatMap(({ podCidrs }) => podCidrs))];
}
