import { type AllocationRequest, indexAddress, type RangeSet } from "@cluster-ipam/allocator";
import { IpamError } from "@cluster-ipam/errors";
import type { Address, Cidr } from "@cluster-ipam/ip";
import { type Numbered, podNumberOf } from "./pod-number.ts";
import { hasFromSet, type PoolCall } from "./pool-call.ts";
import type { SelectedSet } from "./selected-set.ts";

/** What strategy Index goes by: the pod's number, and the node's own addresses. */
export interface IndexBasis extends Numbered {
  readonly nodeAddresses: () => readonly Cidr[];
}

/**
 * The one address of the set that strategy Index gives to the pod.
 *
 * @throws IpamError `bad-index` when there is none; `bad-config` when the node's own address is not known
 */
export function indexAddressFor({ set, index }: SelectedSet, basis: IndexBasis): Address {
  const number = podNumberOf(basis, index?.pattern);
  return indexAddress(set, number, index?.base === "Node" ? nodeAddressFor(set, basis) : undefined);
}

function nodeAddressFor(set: RangeSet, { nodeAddresses }: IndexBasis): Address {
  const address = nodeAddresses().find(({ family }) => family === set.family);
  if (address !== undefined) return { family: address.family, value: address.value };
  throw new IpamError(
    "bad-config",
    `pool ${set.pool} counts from the node's own address (index.base), and the agent knows no IPv${set.family} ` +
      "address of its node: start it with --node-ip",
  );
}

/**
 * Refuses a pod's number that nothing counts by: whoever wrote it expects it to decide about the address.
 *
 * @throws IpamError `bad-config`
 */
export function refuseIdleNumber(
  { podNumber }: Pick<AllocationRequest, "podNumber">,
  sets: readonly SelectedSet[],
  call: Pick<PoolCall, "held">,
): void {
  if (podNumber === undefined || sets.some(({ strategy }) => strategy === "Index")) return;
  // Those that the attachment has an address of were good when it got that.
  const idle = sets.find(({ set }) => !hasFromSet(call, set));
  if (idle === undefined) return;
  const { set, strategy } = idle;
  throw new IpamError(
    "bad-config",
    `ipam.index is ${podNumber}, and pool ${set.pool} has strategy ${strategy}, which does not count: ` +
      `remove ipam.index, or name a pool with spec.strategy: Index`,
  );
}
