import type { RangeSet } from "@cluster-ipam/allocator";
import { IpamError } from "@cluster-ipam/errors";
import type { KnownPool } from "../server-facts/known-pool.ts";
import type { PoolCall } from "./pool-call.ts";

/**
 * The range sets that a pool has on this node: those of its ranges, or of the node's own networks.
 *
 * @throws IpamError `bad-config` where the pool cannot be served; `no-pool` where its addresses are the node's own, and
 * the node has none
 */
export async function rangeSetsHere(
  known: KnownPool,
  { facts, signal }: Pick<PoolCall, "facts" | "signal">,
): Promise<readonly RangeSet[]> {
  const { metadata, spec } = known.pool;
  if (spec.source === undefined) return known.rangeSets();
  const podCidrs = (await facts.node(signal))?.podCidrs ?? [];
  if (podCidrs.length > 0) return known.rangeSets(podCidrs);
  throw new IpamError(
    "no-pool",
    `pool ${metadata.name} hands out the networks of each node's pods (source: ${spec.source}), and node ` +
      `${facts.nodeName} has none in its spec.podCIDRs: kube-controller-manager sets them with --allocate-node-cidrs ` +
      "and --cluster-cidr, or the network's own controller does",
  );
}
