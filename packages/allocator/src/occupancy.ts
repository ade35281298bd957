/**
 * Which offsets of a range set are taken, as far as one list and the conflicts after it tell.
 *
 * Holds the taken offsets in ascending order, so that the k-th free one is found by binary search: its cost grows with
 * the logarithm of the number of leases and not at all with the size of the set.
 */
export class Occupancy {
  readonly size: bigint;
  readonly #listed: readonly bigint[];
  /** Ranks among the offsets that the list left free. A layer of its own: few, so that an insertion moves little. */
  readonly #learned: bigint[] = [];

  /** @param taken offsets in [0, size), in any order, repeats allowed */
  constructor(size: bigint, taken: Iterable<bigint>) {
    this.size = size;
    this.#listed = [...new Set(taken)].toSorted((a, b) => (a < b ? -1 : 1));
  }

  /** Number of offsets known to be taken. */
  get used(): bigint {
    return BigInt(this.#listed.length + this.#learned.length);
  }

  /** Number of offsets not known to be taken. */
  get free(): bigint {
    return this.size - this.used;
  }

  /** Whether `offset` is known to be taken. */
  has(offset: bigint): boolean {
    const position = positionOf(this.#listed, offset);
    if (this.#listed[position] === offset) return true;
    const rank = offset - BigInt(position);
    return this.#learned[positionOf(this.#learned, rank)] === rank;
  }

  /** Remembers that `offset` is taken. */
  add(offset: bigint): void {
    const position = positionOf(this.#listed, offset);
    if (this.#listed[position] === offset) return;
    const rank = offset - BigInt(position);
    const place = positionOf(this.#learned, rank);
    if (this.#learned[place] !== rank) this.#learned.splice(place, 0, rank);
  }

  /** The free offset that has `rank` free ones below it; `rank` must lie in [0, free). */
  freeAt(rank: bigint): bigint {
    return freeAmong(this.#listed, freeAmong(this.#learned, rank));
  }
}

/** The number that is not in `taken` and has `rank` others of its kind below it. */
function freeAmong(taken: readonly bigint[], rank: bigint): bigint {
  let low = 0;
  let high = taken.length;
  // taken[i] - i free numbers lie below taken[i]: the answer has as many taken ones below it as have at most `rank`.
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((taken[middle] ?? 0n) - BigInt(middle) <= rank) low = middle + 1;
    else high = middle;
  }
  return rank + BigInt(low);
}

/** Where `value` stands in `ascending`, or would. */
function positionOf(ascending: readonly bigint[], value: bigint): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] ?? 0n) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
