import { type AddressRange, AddressSet, addressBits, type Cidr, rangeOfCidr, rangesOverlap } from "@cluster-ipam/ip";
import type { RangeSet } from "./range-set.ts";

/**
 * The blocks that the set is cut into: each a multiple of their prefix length, and only those in which there is an
 * address for any request. They are numbered from 0 in ascending order; it costs nothing how many there are.
 */
export class PoolBlocks {
  readonly #set: RangeSet;
  readonly #length: number;
  readonly #hostBits: bigint;
  /** The blocks as numbers: their addresses without the host bits. */
  readonly #numbers: AddressSet;

  private constructor(set: RangeSet, length: number) {
    this.#set = set;
    this.#length = length;
    const hostBits = BigInt(addressBits(set.family) - length);
    this.#hostBits = hostBits;
    const { family, ranges } = set.open;
    const shifted = ranges.map(({ first, last }) => ({ family, first: first >> hostBits, last: last >> hostBits }));
    this.#numbers = AddressSet.of(family, shifted);
  }

  /** The blocks of the set; undefined where no blocks are cut from it. */
  static of(set: RangeSet): PoolBlocks | undefined {
    return set.blockLength === undefined ? undefined : new PoolBlocks(set, set.blockLength);
  }

  /** Number of blocks. */
  get size(): bigint {
    return this.#numbers.size;
  }

  /** The block of that number, which must lie in [0, size). */
  at(number: bigint): Cidr {
    const { value } = this.#numbers.at(number);
    return { family: this.#set.family, value: value << this.#hostBits, prefixLength: this.#length };
  }

  /** Whether `prefix` is one of the blocks. */
  has(prefix: Cidr): boolean {
    const { family, value, prefixLength } = prefix;
    return prefixLength === this.#length && this.#numbers.has({ family, value: value >> this.#hostBits });
  }

  /** What of the set's open addresses lies in `prefixes`, those alone that are blocks of it: a set that is one node's own. */
  within(prefixes: readonly Cidr[]): RangeSet {
    const { open, blockLength: _none, ...set } = this.#set;
    const spans = prefixes.filter((prefix) => this.has(prefix)).map(rangeOfCidr);
    const shared = spans.flatMap((span) => open.ranges.filter((range) => rangesOverlap(range, span)).map(cutTo(span)));
    return { ...set, open: AddressSet.of(set.family, shared), isNodesOwn: true };
  }
}

function cutTo(span: AddressRange): (range: AddressRange) => AddressRange {
  return ({ family, first, last }) => ({
    family,
    first: first > span.first ? first : span.first,
    last: last < span.last ? last : span.last,
  });
}
