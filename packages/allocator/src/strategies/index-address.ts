import { IpamError } from "@cluster-ipam/errors";
import { type Address, type AddressRange, addressBits, formatAddress } from "@cluster-ipam/ip";
import { describeRanges, type RangeSet, subnetOf } from "../range-set.ts";

/** The number of a pod, and where it comes from, for messages: `ipam.index`, or `the name of pod shop/web-3`. */
export interface PodNumber {
  readonly value: bigint;
  readonly source: string;
}

/**
 * The address that strategy Index gives to a pod: the first one of the set plus the pod's number, or the node's own
 * address (`base`) plus it.
 *
 * From the start the count goes through the ranges in ascending order, each from its first address that is handed out
 * to its last; what is never handed out in between keeps its number, so that within a range the sum is the address.
 *
 * @throws IpamError `bad-index` when the address lies past the ranges, or is never handed out
 */
export function indexAddress(set: RangeSet, number: PodNumber, base?: Address): Address {
  if (base !== undefined && number.value === 0n) {
    throw badIndex(set, number, `is the node's own address ${formatAddress(base)}: count from 1`);
  }
  const address = base === undefined ? addressFromStart(set, number.value) : addressAfter(base, number.value);
  if (address === undefined || subnetOf(set, address) === undefined) {
    const text = address === undefined ? "" : ` (${formatAddress(address)})`;
    throw badIndex(set, number, `lies past the ranges${text}: widen them, or use a lower number`);
  }
  if (set.open.has(address)) return address;
  const text = formatAddress(address);
  throw badIndex(
    set,
    number,
    `is ${text}, which is the gateway, excluded, on request only, or the subnet's first or last`,
  );
}

function addressFromStart(set: RangeSet, number: bigint): Address | undefined {
  let left = number;
  for (const { first, last } of countedRanges(set)) {
    const length = last - first + 1n;
    if (left < length) return { family: set.family, value: first + left };
    left -= length;
  }
  return undefined;
}

/** The ranges in ascending order, each cut to what it hands out and to what none before it has counted. */
function countedRanges({ subnets, open }: RangeSet): AddressRange[] {
  const ascending = subnets.map(({ range }) => range).toSorted((a, b) => (a.first < b.first ? -1 : 1));
  const counted: AddressRange[] = [];
  let next = 0n;
  for (const range of ascending) {
    if (range.last < next) continue;
    const bounds = open.boundsWithin({ ...range, first: range.first > next ? range.first : next });
    if (bounds !== undefined) counted.push(bounds);
    next = range.last + 1n;
  }
  return counted;
}

function addressAfter({ family, value }: Address, number: bigint): Address | undefined {
  const sum = value + number;
  return sum >> BigInt(addressBits(family)) === 0n ? { family, value: sum } : undefined;
}

function badIndex(set: RangeSet, { value, source }: PodNumber, what: string): IpamError {
  const ranges = `${describeRanges(set)} (pool ${set.pool})`;
  return new IpamError("bad-index", `index ${value}, from ${source}, ${what}; the ranges are ${ranges}`);
}
