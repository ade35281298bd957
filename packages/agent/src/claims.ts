import { type Claim, describeRanges, type FixedAddress, type RangeSet, subnetOf } from "@cluster-ipam/allocator";
import { IpamError } from "@cluster-ipam/errors";
import { formatAddress } from "@cluster-ipam/ip";

/**
 * One claim for each range set; a fixed address goes to the set that holds it.
 *
 * @throws IpamError `address-not-in-range` when no set holds it, or it is never handed out; `bad-config` when its
 * prefix length is not the subnet's, or two fixed addresses want one set
 */
export function claimsFor(sets: readonly RangeSet[], fixed: readonly FixedAddress[]): Claim[] {
  const claims = new Map<RangeSet, FixedAddress | undefined>(sets.map((set) => [set, undefined]));
  for (const wanted of fixed) {
    const set = setOf(sets, wanted);
    const other = claims.get(set);
    if (other !== undefined) throw twoForOne(wanted, other);
    claims.set(set, wanted);
  }
  return [...claims].map(([set, wanted]) => ({ set, fixed: wanted?.address }));
}

function setOf(sets: readonly RangeSet[], { address, prefixLength, source }: FixedAddress): RangeSet {
  const set = sets.find(({ addresses }) => addresses.has(address));
  const text = formatAddress(address);
  if (set === undefined) throw notInRange(sets, { address, prefixLength, source });
  const expected = subnetOf(set, address)?.cidr.prefixLength;
  if (prefixLength === undefined || prefixLength === expected) return set;
  throw new IpamError(
    "bad-config",
    `${source} is "${text}/${prefixLength}": the subnet of pool ${set.pool} is a /${expected}`,
  );
}

function notInRange(sets: readonly RangeSet[], { address, source }: FixedAddress): IpamError {
  const text = formatAddress(address);
  const holding = sets.find((set) => subnetOf(set, address) !== undefined);
  if (holding !== undefined) {
    return new IpamError(
      "address-not-in-range",
      `${source}: address ${text} is never handed out by pool ${holding.pool}: it is the gateway, excluded, or the subnet's first or last`,
    );
  }
  const ranges = sets.map((set) => `${describeRanges(set)} (pool ${set.pool})`).join(", ");
  return new IpamError("address-not-in-range", `${source}: address ${text} is in no range of the network: ${ranges}`);
}

function twoForOne(wanted: FixedAddress, other: FixedAddress): IpamError {
  const [second, first] = [wanted, other].map(({ address, source }) => `${formatAddress(address)} (${source})`);
  return new IpamError(
    "bad-config",
    `${second} and ${first} are of one range set, which gives one address: ask for one of them`,
  );
}
