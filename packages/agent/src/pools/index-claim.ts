import { indexAddress, type RangeSet } from "@cluster-ipam/allocator";
import { IpamError } from "@cluster-ipam/errors";
import type { Address, Cidr } from "@cluster-ipam/ip";
import { type Numbered, podNumberOf } from "./pod-number.ts";
import type { SelectedSet } from "./pool-selection.ts";

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
