import type { Address, Family } from "./address.ts";
import { type AddressRange, formatRange, rangesOverlap } from "./address-range.ts";

/**
 * An immutable set of addresses of one family, numbered from 0 in ascending order.
 *
 * Costs grow with the number of ranges, never with the number of addresses: a /8 of IPv6 is as cheap as a /30.
 */
export class AddressSet {
  readonly family: Family;
  /** Disjoint, ascending, never adjacent. */
  readonly ranges: readonly AddressRange[];
  /** Number of addresses. */
  readonly size: bigint;
  readonly #stretches: readonly Stretch[];

  private constructor(family: Family, ranges: readonly AddressRange[]) {
    this.family = family;
    this.ranges = ranges;
    const stretches: Stretch[] = [];
    let size = 0n;
    for (const range of ranges) {
      stretches.push({ range, offset: size });
      size += range.last - range.first + 1n;
    }
    this.#stretches = stretches;
    this.size = size;
  }

  /** The union of `included` less the union of `excluded`; ranges of the other family are ignored. */
  static of(family: Family, included: readonly AddressRange[], excluded: readonly AddressRange[] = []): AddressSet {
    const holes = merge(family, excluded);
    return new AddressSet(
      family,
      merge(family, included).flatMap((range) => subtract(range, holes)),
    );
  }

  /**
   * The address at `offset`.
   *
   * @throws RangeError when `offset` is not in [0, size)
   */
  at(offset: bigint): Address {
    const stretch = lastAtMost(this.#stretches, offset, offsetOfStretch);
    if (stretch === undefined || offset >= this.size) throw new RangeError(`offset ${offset} is outside the set`);
    return { family: this.family, value: stretch.range.first + offset - stretch.offset };
  }

  /** The offset of `address`; undefined when it is not in the set. */
  offsetOf(address: Address): bigint | undefined {
    if (address.family !== this.family) return undefined;
    const stretch = lastAtMost(this.#stretches, address.value, firstOfStretch);
    if (stretch === undefined || address.value > stretch.range.last) return undefined;
    return stretch.offset + address.value - stretch.range.first;
  }

  /** Whether `address` is in the set. */
  has(address: Address): boolean {
    return this.offsetOf(address) !== undefined;
  }

  /** The smallest range that has every address of the set within `range`; undefined when there is none. */
  boundsWithin(range: AddressRange): AddressRange | undefined {
    const shared = this.ranges.filter((own) => rangesOverlap(own, range));
    const [lowest, highest] = [shared[0], shared.at(-1)];
    if (lowest === undefined || highest === undefined) return undefined;
    const first = lowest.first > range.first ? lowest.first : range.first;
    const last = highest.last < range.last ? highest.last : range.last;
    return { family: this.family, first, last };
  }

  /** Whether the two sets share an address. */
  overlaps(other: AddressSet): boolean {
    return this.ranges.some((a) => other.ranges.some((b) => rangesOverlap(a, b)));
  }

  /** The ranges, for messages: `10.0.0.1-10.0.0.9, 10.0.0.12`. */
  toString(): string {
    return this.ranges.map(formatRange).join(", ");
  }
}

/** One range of a set, and the offset of its first address. */
interface Stretch {
  readonly range: AddressRange;
  readonly offset: bigint;
}

const offsetOfStretch = ({ offset }: Stretch): bigint => offset;
const firstOfStretch = ({ range }: Stretch): bigint => range.first;

/** The last stretch whose key is at most `value`, found by binary search; undefined when there is none. */
function lastAtMost(
  ascending: readonly Stretch[],
  value: bigint,
  keyOf: (stretch: Stretch) => bigint,
): Stretch | undefined {
  let low = 0;
  let high = ascending.length;
  let found: Stretch | undefined;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const stretch = ascending[middle] as Stretch;
    if (keyOf(stretch) <= value) {
      found = stretch;
      low = middle + 1;
    } else high = middle;
  }
  return found;
}

function merge(family: Family, ranges: readonly AddressRange[]): AddressRange[] {
  const ascending = ranges
    .filter((range) => range.family === family && range.first <= range.last)
    .toSorted((a, b) => (a.first < b.first ? -1 : 1));
  const merged: AddressRange[] = [];
  for (const range of ascending) {
    const previous = merged.at(-1);
    if (previous === undefined || range.first > previous.last + 1n) merged.push(range);
    else if (range.last > previous.last) merged[merged.length - 1] = { ...previous, last: range.last };
  }
  return merged;
}

/** What is left of `range` without the ascending, disjoint `holes`. */
function subtract(range: AddressRange, holes: readonly AddressRange[]): AddressRange[] {
  const left: AddressRange[] = [];
  let first = range.first;
  for (const hole of holes) {
    if (hole.last < first || hole.first > range.last) continue;
    if (hole.first > first) left.push({ ...range, first, last: hole.first - 1n });
    first = hole.last + 1n;
  }
  if (first <= range.last) left.push({ ...range, first });
  return left;
}
