import { createHash } from "node:crypto";
import { API_VERSION, INLINE_LABEL, type IPPool, type IPPoolSpec, type PoolRange, slugOf } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";

/** Hexadecimal digits of the hash in a pool's name. */
const HASH_LENGTH = 10;

/**
 * The pool that stands for one set of inline ranges of a network, so that they have status as any pool has.
 *
 * Its name holds a hash of the ranges, their blocks and the address space: two configurations of one network with
 * different ranges get a pool each, and the same configuration on every node gets the same pool. How an address is chosen is no part of
 * it: the ipam section of each call says that, so that two configurations may differ in it over one pool.
 */
export function inlinePool(
  network: string,
  ranges: readonly PoolRange[],
  addressSpace: string,
  nodeBlocks?: IPPoolSpec["nodeBlocks"],
): IPPool {
  const blocks = nodeBlocks === undefined ? {} : { nodeBlocks };
  const content = contentOf({ ranges, addressSpace, ...blocks });
  const hash = createHash("sha256").update(content).digest("hex").slice(0, HASH_LENGTH);
  return {
    apiVersion: API_VERSION,
    kind: "IPPool",
    metadata: { name: `${slugOf(network) || "network"}-${hash}`, labels: { [INLINE_LABEL]: "true" } },
    spec: { ranges, addressSpace, strategy: "Spread", coolDownSeconds: 0, reserveGateway: true, ...blocks },
  };
}

/**
 * Checks that the pool found under the name of `draft` has the ranges of `draft`.
 *
 * @throws IpamError `bad-config` when somebody edited it, or two contents share a hash
 */
export function checkInlinePool(draft: IPPool, found: IPPool): void {
  const [wanted, there] = [draft, found].map(({ spec }) => contentOf(spec));
  if (wanted === there) return;
  throw new IpamError(
    "bad-config",
    `pool ${found.metadata.name} has other ranges than the network's ipam section, for which it was made: ` +
      "delete the pool (its leases stay), or name a pool of your own with ipam.pool",
  );
}

/** The ranges in one order and one spelling; fields that the ipam section does not have are left out. */
function contentOf({
  ranges,
  addressSpace,
  nodeBlocks,
}: Pick<IPPoolSpec, "ranges" | "addressSpace" | "nodeBlocks">): string {
  const rows = ranges.map(({ subnet, start, end, gateway, exclude }) =>
    JSON.stringify([subnet, start ?? "", end ?? "", gateway ?? "", (exclude ?? []).toSorted()]),
  );
  // Without blocks as it always was: the name of a pool that is there must not change.
  const blocks = nodeBlocks === undefined ? [] : [nodeBlocks.prefixLength];
  return JSON.stringify([addressSpace, rows.toSorted(), ...blocks]);
}
