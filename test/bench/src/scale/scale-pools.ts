import { type Cidr, firstOf, lastOf, parseAddress, parseCidr } from "@cluster-ipam/ip";
import type { LeaseFill } from "../lease-fill.ts";

/** A pool of one subnet, and the leases that are in it at first. */
export interface ScalePool {
  readonly name: string;
  readonly subnet: string;
  readonly gateway?: string;
  /** Address of its first lease; the others follow it. */
  readonly first: string;
  readonly leases: number;
}

/** As many as make 100,000 leases in 50 pools: one large pool, where ADDs are measured, and others of one size. */
const LEASES = { large: 51_000, others: 1_000 } as const;
const COUNTS = { ipv4: 23, ipv6: 24 } as const;

/** The pool that the agent of a bench cluster is asked for. */
const LARGE: ScalePool = {
  name: "bench",
  subnet: "10.0.0.0/9",
  gateway: "10.0.0.1",
  first: "10.64.0.0",
  leases: LEASES.large,
};
/** Two that share addresses: the leases of the first lie in the second, too, but for 256. */
const OVERLAPPING: readonly ScalePool[] = [
  { name: "shared-a", subnet: "10.200.0.0/16", first: "10.200.127.0", leases: LEASES.others },
  { name: "shared-b", subnet: "10.200.128.0/17", first: "10.200.200.0", leases: LEASES.others },
];
const IPV4 = Array.from({ length: COUNTS.ipv4 }, (_, index): ScalePool => {
  const name = `ipv4-${index}`;
  return { name, subnet: `10.${130 + index}.0.0/16`, first: `10.${130 + index}.1.0`, leases: LEASES.others };
});
const IPV6 = Array.from({ length: COUNTS.ipv6 }, (_, index): ScalePool => {
  const prefix = `fd00:0:0:${(index + 1).toString(16)}`;
  return { name: `ipv6-${index}`, subnet: `${prefix}::/64`, first: `${prefix}::100`, leases: LEASES.others };
});

/** 50 pools of IPv4 and IPv6 with 100,000 leases, two of which overlap. */
export const SCALE_POOLS: readonly ScalePool[] = [LARGE, ...OVERLAPPING, ...IPV4, ...IPV6];

/** Subnets of those that a bench cluster does not have by itself. */
export const MORE_POOLS: Readonly<Record<string, string>> = Object.fromEntries(
  SCALE_POOLS.filter(({ name }) => name !== LARGE.name).map(({ name, subnet }) => [name, subnet]),
);

/** The leases that a pool has at first. */
export function fillOf({ name, first, leases }: ScalePool): LeaseFill {
  return { pool: name, first, count: leases };
}

/** The addresses that a pool hands out, as numbers, but for its gateway: worked out here, not by what is measured. */
export interface Bounds {
  readonly family: Cidr["family"];
  readonly first: bigint;
  readonly last: bigint;
  readonly capacity: bigint;
}

/** @throws RangeError where the subnet is none */
export function boundsOf({ subnet, gateway }: ScalePool): Bounds {
  const cidr = parseCidr(subnet);
  if (cidr === undefined) throw new RangeError(`${subnet} is not a subnet`);
  const { family } = cidr;
  const first = firstOf(cidr) + 1n;
  const last = family === 4 ? lastOf(cidr) - 1n : lastOf(cidr);
  const hasGateway = gateway !== undefined && parseAddress(gateway) !== undefined;
  return { family, first, last, capacity: last - first + (hasGateway ? 0n : 1n) };
}
