import { type Address, addressBits, type Family, formatAddress, parseAddress } from "./address.ts";

/** An address with a prefix length; `value` keeps the host bits as they were written. */
export interface Cidr {
  readonly family: Family;
  readonly value: bigint;
  readonly prefixLength: number;
}

/** Reads `<address>/<length>`; undefined for anything else, a length with leading zeros included. */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf("/");
  if (slash < 0) return undefined;
  const address = parseAddress(text.slice(0, slash));
  const lengthText = text.slice(slash + 1);
  if (address === undefined || !/^(0|[1-9]\d{0,2})$/.test(lengthText)) return undefined;
  const prefixLength = Number(lengthText);
  if (prefixLength > addressBits(address.family)) return undefined;
  return { ...address, prefixLength };
}

/** `cidr` with its host bits cleared. */
export function networkOf(cidr: Cidr): Cidr {
  return { ...cidr, value: firstOf(cidr) };
}

/** Whether a bit is set to the right of the prefix: such a text names an address, not a network. */
export function hasHostBits(cidr: Cidr): boolean {
  return firstOf(cidr) !== cidr.value;
}

/** Lowest address of the prefix. */
export function firstOf(cidr: Cidr): bigint {
  const hostBits = BigInt(addressBits(cidr.family) - cidr.prefixLength);
  return (cidr.value >> hostBits) << hostBits;
}

/** Highest address of the prefix. */
export function lastOf(cidr: Cidr): bigint {
  const hostBits = BigInt(addressBits(cidr.family) - cidr.prefixLength);
  return firstOf(cidr) | ((1n << hostBits) - 1n);
}

/** Whether `address` lies in the prefix. */
export function cidrContains(cidr: Cidr, address: Address): boolean {
  return cidr.family === address.family && address.value >= firstOf(cidr) && address.value <= lastOf(cidr);
}

/** `<canonical address>/<length>`, host bits kept. */
export function formatCidr(cidr: Cidr): string {
  return `${formatAddress(cidr)}/${cidr.prefixLength}`;
}
