import {
  type AllocationRequest,
  type Claim,
  describeRanges,
  type FixedAddress,
  namedSet,
  subnetOf,
} from "@cluster-ipam/allocator";
import { IpamError } from "@cluster-ipam/errors";
import { formatAddress } from "@cluster-ipam/ip";
import { type IndexBasis, indexAddressFor } from "./index-claim.ts";
import type { SelectedSet } from "./selected-set.ts";

/**
 * One claim for each range set, then one for each address that the ipam section names itself. A fixed address goes to
 * the set that holds it; a set of strategy Index without one has the address that the pod's number gives.
 *
 * @throws IpamError `address-not-in-range` when no set holds a fixed address, or it is never handed out; `bad-config`
 * when its prefix length is not the subnet's, or two fixed addresses want one set; `bad-index`
 */
export function claimsFor(
  sets: readonly SelectedSet[],
  request: Pick<AllocationRequest, "fixed" | "named" | "addressSpace" | "podNumber">,
  basis: Omit<IndexBasis, "podNumber">,
): Claim[] {
  const { podNumber } = request;
  const wanted = fixedBySet(sets, request.fixed);
  const claims = sets.map((selected): Claim => {
    const { set, strategy, retains } = selected;
    const fixed = wanted.get(selected)?.address;
    if (strategy !== "Index") return { set, fixed, strategy, retains };
    if (fixed !== undefined) return { set, fixed, strategy: "Spread" };
    const computed = indexAddressFor(selected, { ...basis, podNumber });
    return { set, fixed: computed, isComputed: true, strategy: "Spread" };
  });
  const named = request.named.map((address): Claim => {
    const { family, value } = address.cidr;
    return { set: namedSet(address, request.addressSpace), fixed: { family, value }, strategy: "Spread" };
  });
  return [...claims, ...named];
}

function fixedBySet(
  sets: readonly SelectedSet[],
  fixed: readonly FixedAddress[],
): ReadonlyMap<SelectedSet, FixedAddress> {
  const wanted = new Map<SelectedSet, FixedAddress>();
  const holding = ({ address }: FixedAddress): number => sets.filter(({ set }) => set.addresses.has(address)).length;
  // Sets may overlap: first those that only one of them can serve.
  for (const address of fixed.toSorted((a, b) => holding(a) - holding(b))) {
    const selected = setFor(sets, address, wanted);
    const other = wanted.get(selected);
    if (other !== undefined) throw twoForOne(address, other);
    wanted.set(selected, address);
  }
  return wanted;
}

function setFor(
  sets: readonly SelectedSet[],
  { address, prefixLength, source }: FixedAddress,
  wanted: ReadonlyMap<SelectedSet, FixedAddress>,
): SelectedSet {
  const holders = sets.filter(({ set }) => set.addresses.has(address));
  const selected = holders.find((holder) => !wanted.has(holder)) ?? holders[0];
  const text = formatAddress(address);
  if (selected === undefined) throw notInRange(sets, { address, prefixLength, source });
  const expected = subnetOf(selected.set, address)?.cidr.prefixLength;
  if (prefixLength === undefined || prefixLength === expected) return selected;
  throw new IpamError(
    "bad-config",
    `${source} is "${text}/${prefixLength}": the subnet of pool ${selected.set.pool} is a /${expected}, write ${text} or ${text}/${expected}`,
  );
}

function notInRange(sets: readonly SelectedSet[], { address, source }: FixedAddress): IpamError {
  const text = formatAddress(address);
  const holding = sets.find(({ set }) => subnetOf(set, address) !== undefined);
  if (holding !== undefined) {
    return new IpamError(
      "address-not-in-range",
      `${source}: address ${text} is never handed out by pool ${holding.set.pool} (${describeRanges(holding.set)}): it is the gateway, excluded, or the subnet's first or last`,
    );
  }
  const ranges = sets.map(({ set }) => `${describeRanges(set)} (pool ${set.pool})`).join(", ");
  const listed = ranges === "" ? "it has none, its ipam section names its addresses itself" : ranges;
  return new IpamError("address-not-in-range", `${source}: address ${text} is in no range of the network: ${listed}`);
}

function twoForOne(wanted: FixedAddress, other: FixedAddress): IpamError {
  const [second, first] = [wanted, other].map(({ address, source }) => `${formatAddress(address)} (${source})`);
  return new IpamError(
    "bad-config",
    `${second} and ${first} are of one range set, which gives one address: ask for one of them`,
  );
}
