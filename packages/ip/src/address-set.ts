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
    return new AddressSet(family, subtract(merge(family, included), merge(family, excluded)));
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
    let [own, others] = [0, 0];
    for (;;) {
      const [a, b] = [this.ranges[own], other.ranges[others]];
      if (a === undefined || b === undefined) return false;
      if (rangesOverlap(a, b)) return true;
      if (a.last < b.last) own += 1;
      else others += 1;
    }
  }

  /** Whether the two sets have the same addresses. */
  equals(other: AddressSet): boolean {
    if (this.family !== other.family || this.ranges.length !== other.ranges.length) return false;
    return this.ranges.every(
      ({ first, last }, at) => first === other.ranges[at]?.first && last === other.ranges[at].last,
    );
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

/** What is left of `ranges` without `holes`, each ascending and disjoint; in one pass, as there may be thousands of both. */
function subtract(ranges: readonly AddressRange[], holes: readonly AddressRange[]): AddressRange[] {
  const left: AddressRange[] = [];
  let at = 0;
  for (const range of ranges) {
    let { first } = range;
    for (let hole = holes[at]; hole !== undefined && hole.first <= range.last; hole = holes[at]) {
      if (hole.first > first) left.push({ ...range, first, last: hole.first - 1n });
      if (hole.last >= first) first = hole.last + 1n;
      // It may reach into the next range, too.
      if (hole.last > range.last) break;
      at += 1;
    }
    if (first <= range.last) left.push({ ...range, first });
  }
  return left;
}
