import type { IPPool, PoolRange } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import {
  type Address,
  type AddressRange,
  AddressSet,
  addressBits,
  type Cidr,
  cidrContains,
  type Family,
  firstOf,
  formatAddress,
  formatCidr,
  hasHostBits,
  lastOf,
  networkOf,
  parseAddress,
  parseCidr,
  parseSpan,
  rangeContains,
} from "@cluster-ipam/ip";

/** One range of a pool, read: the addresses to hand out, and what a lease in it says of its subnet. */
export interface Subnet {
  readonly cidr: Cidr;
  readonly range: AddressRange;
  readonly gateway: Address | undefined;
  /** Whether the range serves those alone who ask for one of its addresses. */
  readonly isOnRequest: boolean;
}

/** What one address is taken from: a pool's addresses of one family. */
export interface RangeSet {
  readonly pool: string;
  readonly addressSpace: string;
  readonly family: Family;
  /** Every address that may be handed out, to those who ask for it at least. */
  readonly addresses: AddressSet;
  /** Those of them that serve any request; its size is the capacity. */
  readonly open: AddressSet;
  /** Whether no other node hands out addresses of the set: what this node's memory does not hold is free, most likely. */
  readonly isNodesOwn: boolean;
  /** Prefix length of the blocks that nodes claim of it, to hand out of their own alone; absent: there are none. */
  readonly blockLength?: number;
  readonly subnets: readonly Subnet[];
}

/**
 * The range sets of a pool: one per family, IPv4 first.
 *
 * Left out of them: network and broadcast address (IPv4 shorter than /31), the subnet-router address (RFC 4291
 * section 2.6.1), excluded addresses, and the gateways unless `reserveGateway` is false.
 *
 * @throws IpamError `bad-config` that names pool, key and value.
 */
export function rangeSetsOf(pool: IPPool): RangeSet[] {
  const name = pool.metadata.name;
  const { ranges } = pool.spec;
  const subnets = ranges.map((range, index) => readRange(range, `pool ${name}: ranges[${index}]`));
  const excluded = ranges.flatMap((range, index) => readExcluded(range, `pool ${name}: ranges[${index}]`));
  const keepsGateway = pool.spec.reserveGateway ?? true;
  const families: readonly Family[] = [4, 6];
  return families.flatMap((family): RangeSet[] => {
    const own = subnets.filter((subnet) => subnet.cidr.family === family);
    if (own.length === 0) return [];
    const never = [...excluded, ...own.flatMap((subnet) => reservedOf(subnet, keepsGateway))];
    const addresses = AddressSet.of(family, rangesOf(own), never);
    const onRequest = own.filter(({ isOnRequest }) => isOnRequest);
    // An address of both kinds of range is kept for those who ask for it.
    const open =
      onRequest.length === 0 ? addresses : AddressSet.of(family, rangesOf(own), [...never, ...rangesOf(onRequest)]);
    const { addressSpace, nodeBlocks } = pool.spec;
    const blocks = nodeBlocks === undefined ? {} : { blockLength: nodeBlocks.prefixLength };
    return [{ pool: name, addressSpace, family, addresses, open, subnets: own, isNodesOwn: false, ...blocks }];
  });
}

function rangesOf(subnets: readonly Subnet[]): AddressRange[] {
  return subnets.map(({ range }) => range);
}

/** The subnet that `address` lies in; undefined when no range of the set holds it. */
export function subnetOf(set: RangeSet, address: Address): Subnet | undefined {
  return set.subnets.find((subnet) => rangeContains(subnet.range, address));
}

/** How a dialect spells the keys of a range. */
export type RangeKeys = Readonly<Record<"subnet" | "start" | "end" | "gateway", string>>;

const POOL_KEYS: RangeKeys = { subnet: "subnet", start: "start", end: "end", gateway: "gateway" };

/**
 * Reads one range as an ipam section or a pool has it. `where` and `keys` say in a message what the user wrote.
 *
 * @throws IpamError `bad-config`
 */
export function readRange(range: PoolRange, where: string, keys: RangeKeys = POOL_KEYS): Subnet {
  const cidr = readSubnet(range.subnet, where, keys.subnet);
  const first = readBound(range.start, { where, key: keys.start, cidr }) ?? firstOf(cidr);
  const last = readBound(range.end, { where, key: keys.end, cidr }) ?? lastOf(cidr);
  if (first > last) {
    throw bad(where, keys.start, String(range.start), `an address that is not after ${keys.end} ${range.end}`);
  }
  // May lie outside the subnet, as fe80::1 does.
  const gateway =
    range.gateway === undefined ? undefined : readMember(range.gateway, { where, key: keys.gateway, cidr });
  return { cidr, range: { family: cidr.family, first, last }, gateway, isOnRequest: range.assign === "OnRequest" };
}

function readSubnet(text: string, where: string, key: string): Cidr {
  const cidr = parseCidr(text);
  if (cidr === undefined) throw bad(where, key, text, "a CIDR such as 10.0.0.0/24 or 2001:db8::/64");
  if (hasHostBits(cidr)) throw bad(where, key, text, `a network without host bits: ${formatCidr(networkOf(cidr))}`);
  // The kernel would make a default route of it, which nobody asked for.
  if (cidr.prefixLength === 0) throw bad(where, key, text, "a network, and not every address there is");
  return cidr;
}

/** Where an address stands, for messages, and the subnet that it belongs to. */
interface BoundPlace {
  readonly where: string;
  readonly key: string;
  readonly cidr: Cidr;
}

function readBound(text: string | undefined, place: BoundPlace): bigint | undefined {
  if (text === undefined) return undefined;
  const address = readMember(text, place);
  if (cidrContains(place.cidr, address)) return address.value;
  throw bad(place.where, place.key, text, `an address inside ${formatCidr(place.cidr)}`);
}

/** An address of the subnet's family. */
function readMember(text: string, { where, key, cidr }: BoundPlace): Address {
  const address = parseAddress(text);
  if (address?.family === cidr.family) return address;
  throw bad(where, key, text, `an IPv${cidr.family} address, as ${formatCidr(cidr)} is`);
}

function readExcluded(range: PoolRange, where: string): AddressRange[] {
  return (range.exclude ?? []).map((text, index) => {
    const span = parseSpan(text);
    if (span !== undefined) return span;
    throw bad(where, `exclude[${index}]`, text, "an address, a CIDR or a span such as 10.0.0.3-10.0.0.9");
  });
}

function reservedOf({ cidr, gateway }: Subnet, keepsGateway: boolean): AddressRange[] {
  const reserved: bigint[] = [];
  const hostBits = addressBits(cidr.family) - cidr.prefixLength;
  if (hostBits > 1) reserved.push(firstOf(cidr));
  if (hostBits > 1 && cidr.family === 4) reserved.push(lastOf(cidr));
  if (gateway !== undefined && keepsGateway) reserved.push(gateway.value);
  return reserved.map((value) => ({ family: cidr.family, first: value, last: value }));
}

function bad(where: string, key: string, value: string, expected: string): IpamError {
  return new IpamError("bad-config", `${where}.${key} is "${value}": expected ${expected}`);
}

/** `10.0.0.10-10.0.0.20 of 10.0.0.0/24`, for messages; of a pool's ranges they say which are on request only. */
export function describeRanges({ pool, subnets }: Pick<RangeSet, "pool" | "subnets">): string {
  return subnets
    .map(({ range, cidr, isOnRequest }) => {
      const [first, last] = [range.first, range.last].map((value) => formatAddress({ family: range.family, value }));
      return `${first}-${last} of ${formatCidr(cidr)}${isOnRequest && pool !== "" ? " on request only" : ""}`;
    })
    .join(", ");
}
