import { type Address, formatAddress, parseAddress } from "@cluster-ipam/ip";

/** An address within the space in which it is unique. */
export interface SpacedAddress {
  readonly address: Address;
  /** "" is the default space. */
  readonly addressSpace: string;
}

const ADDRESS_SPACE = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
const EIGHT_GROUPS = /^[0-9a-f]{4}(?:-[0-9a-f]{4}){7}$/;
const IPV6_NAME_LENGTH = 39;
const IPV4_LABELS = 4;
const IPV4_MAPPED_PREFIX = 0xffffn;

/** Whether `text` may name an address space: a DNS label, or "" for the default space. */
export function isAddressSpace(text: string): boolean {
  return text === "" || ADDRESS_SPACE.test(text);
}

/**
 * Name of the lease of an address. Every address of every space has one name of its own, and {@link parseLeaseName}
 * reads it back.
 *
 * @param addressSpace must be one by {@link isAddressSpace}.
 * @example
 * leaseName({ family: 4, value: 0x0a000005n }, "") // "10.0.0.5"
 * leaseName({ family: 6, value: 5n }, "blue") // "blue.0000-0000-0000-0000-0000-0000-0000-0005"
 */
export function leaseName(address: Address, addressSpace: string): string {
  const name = address.family === 4 ? formatAddress(address) : ipv6Name(address.value);
  return addressSpace === "" ? name : `${addressSpace}.${name}`;
}

/** The address and space that a lease's name stands for; undefined when it is not the name of any address. */
export function parseLeaseName(name: string): SpacedAddress | undefined {
  const start = addressStart(name);
  if (start < 0) return undefined;
  const addressSpace = start === 0 ? "" : name.slice(0, start - 1);
  if (start > 0 && !ADDRESS_SPACE.test(addressSpace)) return undefined;
  const text = name.slice(start);
  const address = text.includes("-") ? parseIpv6Name(text) : parseAddress(text);
  return address === undefined ? undefined : { address, addressSpace };
}

function ipv6Name(value: bigint): string {
  const digits = value.toString(16).padStart(32, "0");
  let name = digits.slice(0, 4);
  for (let at = 4; at < 32; at += 4) name += `-${digits.slice(at, at + 4)}`;
  return name;
}

function parseIpv6Name(text: string): Address | undefined {
  if (!EIGHT_GROUPS.test(text)) return undefined;
  const value = BigInt(`0x${text.replaceAll("-", "")}`);
  // An IPv4-mapped address has no lease: it would be a second name for an IPv4 address.
  return value >> 32n === IPV4_MAPPED_PREFIX ? undefined : { family: 6, value };
}

/** Where the address begins, read from the right since an address space may look like a part of one; -1 for nowhere. */
function addressStart(name: string): number {
  const lastDot = name.lastIndexOf(".");
  if (name.length - lastDot - 1 === IPV6_NAME_LENGTH) return lastDot + 1;
  let dot = name.length;
  for (let label = 0; label < IPV4_LABELS; label++) {
    if (dot <= 0) return -1;
    dot = name.lastIndexOf(".", dot - 1);
  }
  return dot + 1;
}
