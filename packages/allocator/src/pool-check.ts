import type { IPPool, IPPoolSpec, PoolRange } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import {
  addressBits,
  firstOf,
  formatAddress,
  formatCidr,
  formatRange,
  lastOf,
  parseSpan,
  rangesOverlap,
} from "@cluster-ipam/ip";
import { readRange, type Subnet } from "./range-set.ts";

/** A range that could be read, and where it stands. */
interface PlacedSubnet extends Subnet {
  readonly where: string;
}

/**
 * What is wrong with a pool that the API server has taken: CEL cannot compare two addresses, nor count the groups of a
 * pattern. One sentence each, with key, value and what to change; [] for a pool that can be served.
 */
export function checkPool({ spec }: Pick<IPPool, "spec">): string[] {
  const faults: string[] = [];
  const subnets: PlacedSubnet[] = [];
  for (const [index, range] of spec.ranges.entries()) {
    const where = `ranges[${index}]`;
    const subnet = readOr(faults, () => readRange(range, where));
    if (subnet !== undefined) subnets.push({ ...subnet, where });
    faults.push(...badExclusions(range, where));
  }
  return [...faults, ...subnets.flatMap(badGateway), ...badOverlaps(subnets), ...badPattern(spec.index?.pattern)];
}

function readOr(faults: string[], read: () => Subnet): Subnet | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof IpamError)) throw error;
    faults.push(error.message);
    return undefined;
  }
}

function badExclusions({ exclude = [] }: PoolRange, where: string): string[] {
  return exclude.flatMap((text, index) => {
    if (parseSpan(text) !== undefined) return [];
    const [first, last, ...rest] = text.split("-");
    const isTurned = last !== undefined && rest.length === 0 && parseSpan(`${last}-${first}`) !== undefined;
    const expected = isTurned ? `the lower address first: ${last}-${first}` : "an address, a CIDR or a span a-b";
    return [`${where}.exclude[${index}] is "${text}": expected ${expected}`];
  });
}

/** In IPv4 neither the network's nor the broadcast address can be an interface's, unless there are no more than two. */
function badGateway({ where, cidr, gateway }: PlacedSubnet): string[] {
  if (gateway === undefined || cidr.family === 6 || addressBits(4) - cidr.prefixLength < 2) return [];
  const what = gateway.value === firstOf(cidr) ? "network" : gateway.value === lastOf(cidr) ? "broadcast" : undefined;
  if (what === undefined) return [];
  const text = formatAddress(gateway);
  return [`${where}.gateway is "${text}": expected another address than the ${what} address of ${formatCidr(cidr)}`];
}

function badOverlaps(subnets: readonly PlacedSubnet[]): string[] {
  return subnets.flatMap((later, index) =>
    subnets.slice(0, index).flatMap((earlier) => {
      if (!rangesOverlap(earlier.range, later.range)) return [];
      const both = `${earlier.where} (${formatRange(earlier.range)}) and ${later.where} (${formatRange(later.range)})`;
      if (earlier.cidr.prefixLength !== later.cidr.prefixLength) {
        return [`${both} have addresses in common, and subnets of two lengths: expected one subnet for both`];
      }
      if (earlier.gateway?.value === later.gateway?.value) return [];
      return [`${both} have addresses in common, and two gateways: expected one gateway, or ranges apart`];
    }),
  );
}

/** JavaScript's language is not wholly that of the API server's rules, which have read the pattern already. */
function badPattern(pattern: NonNullable<IPPoolSpec["index"]>["pattern"]): string[] {
  if (pattern === undefined) return [];
  const is = `index.pattern is "${pattern}": expected`;
  try {
    // An empty alternative matches everything, with every group.
    const groups = (new RegExp(`${pattern}|`).exec("")?.length ?? 1) - 1;
    return groups > 0 ? [] : [`${is} a group for the number, such as index([0-9]+)`];
  } catch (error) {
    return [`${is} a regular expression that JavaScript reads, too (${(error as Error).message})`];
  }
}
