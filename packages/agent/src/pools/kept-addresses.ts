import { type RangeSet, rangeSetsOf } from "@cluster-ipam/allocator";
import type { IPPool } from "@cluster-ipam/api";
import { type AddressRange, AddressSet, type Family, parseAddress, parseCidr, rangeOfCidr } from "@cluster-ipam/ip";
import type { KnownPool } from "../server-facts/known-pool.ts";

/** Pools by where their addresses come from, with the addresses of those that have ranges, a set a space and family. */
interface Summary {
  readonly ofNodes: readonly KnownPool[];
  readonly ofRanges: readonly KnownPool[];
  readonly kept: ReadonlyMap<string, readonly AddressSet[]>;
}

/** One for each list of pools: calls go by the same list for some seconds. */
const summaries = new WeakMap<readonly KnownPool[], Summary>();
/** What is found of a pool's ranges stays with the pool: there may be one a node, and each call looks at all. */
const found = new WeakMap<KnownPool, readonly AddressSet[]>();

/**
 * The addresses that a pool keeps for those whom it serves, a set a family: what it hands out, and its gateways, which
 * nobody else must pretend to be. What it excludes it leaves to others.
 *
 * Of a pool of the nodes' own networks these are the networks of this node: those of other nodes lead to no pod here.
 * Of ranges that cannot be served, being the wrong way round for instance, it is the whole subnet.
 *
 * @param podCidrs networks of this node's pods
 */
export function keptAddresses(known: KnownPool, podCidrs: readonly string[]): readonly AddressSet[] {
  if (known.pool.spec.source !== undefined) return wholeSubnets(podCidrs);
  let kept = found.get(known);
  if (kept === undefined) {
    kept = keptOf(known.pool);
    found.set(known, kept);
  }
  return kept;
}

/**
 * Those of the pools that may keep an address of one of the sets from somebody: the more of them there are, the more
 * often it is none, which one look tells.
 */
export function poolsNear(pools: readonly KnownPool[], sets: readonly RangeSet[]): readonly KnownPool[] {
  let summary = summaries.get(pools);
  if (summary === undefined) {
    summary = summarize(pools);
    summaries.set(pools, summary);
  }
  const { ofNodes, ofRanges, kept } = summary;
  const isNear = ({ addressSpace, addresses }: RangeSet): boolean =>
    kept.get(addressSpace)?.some((other) => other.overlaps(addresses)) === true;
  return sets.some(isNear) ? [...ofRanges, ...ofNodes] : ofNodes;
}

function summarize(pools: readonly KnownPool[]): Summary {
  const ofRanges = pools.filter(({ pool }) => pool.spec.source === undefined);
  const bySpace = Map.groupBy(ofRanges, ({ pool }) => pool.spec.addressSpace);
  const kept = [...bySpace].map(([space, known]) => {
    const sets = known.flatMap((one) => keptAddresses(one, []));
    return [space, setsOf(sets.flatMap(({ ranges }) => ranges))] as const;
  });
  return { ofRanges, ofNodes: pools.filter(({ pool }) => pool.spec.source !== undefined), kept: new Map(kept) };
}

/** Every address of these subnets, a set a family; what is no subnet is left out. */
export function wholeSubnets(subnets: readonly string[]): readonly AddressSet[] {
  return setsOf(subnets.flatMap((text) => parseCidr(text) ?? []).map(rangeOfCidr));
}

function keptOf(pool: IPPool): readonly AddressSet[] {
  const { ranges } = pool.spec;
  const gateways = ranges.flatMap(({ gateway }) => parseAddress(gateway ?? "") ?? []);
  try {
    const handedOut = rangeSetsOf({ ...pool, spec: { ...pool.spec, reserveGateway: false } });
    return setsOf([
      ...handedOut.flatMap(({ addresses }) => addresses.ranges),
      ...gateways.map(({ family, value }) => ({ family, first: value, last: value })),
    ]);
  } catch {
    return wholeSubnets(ranges.map(({ subnet }) => subnet));
  }
}

function setsOf(ranges: readonly AddressRange[]): readonly AddressSet[] {
  const families: readonly Family[] = [4, 6];
  return families.map((family) => AddressSet.of(family, ranges)).filter(({ size }) => size > 0n);
}
