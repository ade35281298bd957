import { createHash } from "node:crypto";

/**
 * A walk over the offsets [0, size) that visits each exactly once, in an order that the seed alone decides.
 *
 * Start and step come from one hash of the seed; the step is coprime with the size. Two seeds almost never walk
 * together, so two pods almost never race for one address, and a pod of the same name begins where it began before.
 */
export class SpreadWalk {
  readonly #size: bigint;
  readonly #stepSeed: bigint;
  #step: bigint | undefined;
  #offset: bigint;
  #visited = 0n;

  /** @param size at least 1 */
  constructor(seed: string, size: bigint) {
    const digest = createHash("sha256").update(seed).digest();
    this.#size = size;
    this.#offset = readUint128(digest, 0) % size;
    this.#stepSeed = readUint128(digest, 16);
  }

  /** The next offset; undefined after the last. */
  next(): bigint | undefined {
    if (this.#visited === this.#size) return undefined;
    if (this.#visited > 0n) {
      // Nearly every walk ends at its first offset: the step is worth finding only now.
      this.#step ??= coprimeStep(this.#stepSeed, this.#size);
      this.#offset = (this.#offset + this.#step) % this.#size;
    }
    this.#visited += 1n;
    return this.#offset;
  }
}

function readUint128(bytes: Buffer, position: number): bigint {
  return (bytes.readBigUInt64BE(position) << 64n) | bytes.readBigUInt64BE(position + 8);
}

function coprimeStep(seed: bigint, size: bigint): bigint {
  let step = (seed % size) + 1n;
  while (greatestCommonDivisor(step, size) !== 1n) step += 1n;
  return step;
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let [larger, smaller] = [a, b];
  while (smaller !== 0n) [larger, smaller] = [smaller, larger % smaller];
  return larger;
}
