import { IPv6 } from "ip-num";

/** IP version of an address. */
export type Family = 4 | 6;

/** One IP address as a number: 32 bits for IPv4, 128 bits for IPv6. */
export interface Address {
  readonly family: Family;
  readonly value: bigint;
}

const IPV4_PATTERN = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/;
const IPV6_PATTERN = /^[0-9a-fA-F:]{2,39}$/;
const IPV4_MAPPED_PREFIX = 0xffffn;

/** Bits of an address of the family. */
export function addressBits(family: Family): 32 | 128 {
  return family === 4 ? 32 : 128;
}

/**
 * Reads an IPv4 address in dotted decimal, or an IPv6 address in any spelling of RFC 4291 section 2.2 but the mixed one.
 *
 * @returns undefined for anything else: leading zeros in IPv4, zones, IPv4-mapped addresses (one address must not have
 * two families), prefixes, white space.
 */
export function parseAddress(text: string): Address | undefined {
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

function parseIpv4(text: string): Address | undefined {
  const match = IPV4_PATTERN.exec(text);
  if (match === null) return undefined;
  let value = 0;
  for (const part of match.slice(1)) {
    const octet = Number(part);
    if (octet > 255) return undefined;
    value = value * 256 + octet;
  }
  return { family: 4, value: BigInt(value) };
}

function parseIpv6(text: string): Address | undefined {
  // ip-num takes zones and the mixed notation too.
  if (!IPV6_PATTERN.test(text)) return undefined;
  try {
    const value = new IPv6(text).getValue();
    return value >> 32n === IPV4_MAPPED_PREFIX ? undefined : { family: 6, value };
  } catch {
    // ip-num throws for every malformed text; which rule was broken is of no use to our callers.
    return undefined;
  }
}

/** The canonical text of an address: dotted decimal for IPv4, RFC 5952 for IPv6. */
export function formatAddress(address: Address): string {
  return address.family === 4 ? formatIpv4(Number(address.value)) : formatIpv6(address.value);
}

/** Whether `text` is an address in its one canonical spelling. */
export function isCanonicalAddress(text: string): boolean {
  const address = parseAddress(text);
  return address !== undefined && formatAddress(address) === text;
}

function formatIpv4(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}

/** The eight 16-bit groups of an IPv6 address, most significant first. */
export function ipv6Groups(value: bigint): number[] {
  const groups: number[] = [];
  for (let shift = 96n; shift >= 0n; shift -= 32n) {
    const word = Number((value >> shift) & 0xffffffffn);
    groups.push(word >>> 16, word & 0xffff);
  }
  return groups;
}

function formatIpv6(value: bigint): string {
  const groups = ipv6Groups(value);
  const { start, length } = longestZeroRun(groups);
  // RFC 5952 section 4.2.2: "::" must not shorten just one group.
  if (length < 2) return hex(groups);
  return `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`;
}

function hex(groups: readonly number[]): string {
  return groups.map((group) => group.toString(16)).join(":");
}

function longestZeroRun(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  let run = 0;
  for (const [position, group] of groups.entries()) {
    run = group === 0 ? run + 1 : 0;
    if (run > best.length) best = { start: position - run + 1, length: run };
  }
  return best;
}
