/**
 * Which offsets of a range set are taken, as far as one list and the conflicts after it tell.
 *
 * Holds the taken offsets in ascending order, so that the k-th free one is found by binary search: its cost grows with
 * the logarithm of the number of leases and not at all with the size of the set.
 */
export class Occupancy {
  readonly size: bigint;
  readonly #taken: bigint[];

  /** @param taken offsets in [0, size), in any order, repeats allowed */
  constructor(size: bigint, taken: Iterable<bigint>) {
    this.size = size;
    this.#taken = [...new Set(taken)].toSorted((a, b) => (a < b ? -1 : 1));
  }

  /** Number of offsets known to be taken. */
  get used(): bigint {
    return BigInt(this.#taken.length);
  }

  /** Number of offsets not known to be taken. */
  get free(): bigint {
    return this.size - this.used;
  }

  /** Whether `offset` is known to be taken. */
  has(offset: bigint): boolean {
    return this.#taken[this.#positionOf(offset)] === offset;
  }

  /** Remembers that `offset` is taken. */
  add(offset: bigint): void {
    const position = this.#positionOf(offset);
    if (this.#taken[position] !== offset) this.#taken.splice(position, 0, offset);
  }

  /** The free offset that has `rank` free ones below it; `rank` must lie in [0, free). */
  freeAt(rank: bigint): bigint {
    let low = 0;
    let high = this.#taken.length;
    // taken[i] - i free offsets lie below taken[i]: the answer has as many taken ones below it as have at most `rank`.
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#taken[middle] ?? 0n) - BigInt(middle) <= rank) low = middle + 1;
      else high = middle;
    }
    return rank + BigInt(low);
  }

  /** Where `offset` stands among the taken ones, or would. */
  #positionOf(offset: bigint): number {
    let low = 0;
    let high = this.#taken.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#taken[middle] ?? 0n) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
