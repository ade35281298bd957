import { type Address, type Family, formatAddress, parseAddress } from "./address.ts";
import { type Cidr, firstOf, lastOf, parseCidr } from "./cidr.ts";

/** All addresses from `first` to `last`, both included. */
export interface AddressRange {
  readonly family: Family;
  readonly first: bigint;
  readonly last: bigint;
}

/** Every address of a prefix. */
export function rangeOfCidr(cidr: Cidr): AddressRange {
  return { family: cidr.family, first: firstOf(cidr), last: lastOf(cidr) };
}

/** Whether `address` lies in the range. */
export function rangeContains(range: AddressRange, address: Address): boolean {
  return range.family === address.family && address.value >= range.first && address.value <= range.last;
}

/** Whether the two ranges share an address. */
export function rangesOverlap(a: AddressRange, b: AddressRange): boolean {
  return a.family === b.family && a.first <= b.last && b.first <= a.last;
}

/** Reads a single address, a CIDR or a span `a-b`; undefined for anything else, an inverted span included. */
export function parseSpan(text: string): AddressRange | undefined {
  const cidr = parseCidr(text);
  if (cidr !== undefined) return rangeOfCidr(cidr);
  const [firstText = "", lastText = firstText, ...rest] = text.split("-");
  const first = parseAddress(firstText);
  const last = parseAddress(lastText);
  if (first === undefined || last === undefined || rest.length > 0) return undefined;
  if (first.family !== last.family || first.value > last.value) return undefined;
  return { family: first.family, first: first.value, last: last.value };
}

/** `a-b`, or one address where both ends are the same. */
export function formatRange(range: AddressRange): string {
  const first = formatAddress({ family: range.family, value: range.first });
  if (range.first === range.last) return first;
  return `${first}-${formatAddress({ family: range.family, value: range.last })}`;
}
