import type { Random } from "@cluster-ipam/allocator";
import { seededRandom } from "@cluster-ipam/allocator/testing";

/**
 * Everything that chance decides in one run. Each decision has a stream of its own, named by what it is about: taking
 * one operation out of a story leaves the dice of the others as they were, so that stories can be made shorter.
 */
export class Chance {
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** The stream of that name: the same numbers for the same seed and name. */
  of(name: string): Dice {
    return new Dice(seededRandom(hashOf(`${this.#seed}/${name}`)));
  }
}

/** Draws from one stream. */
export class Dice {
  readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  /** Whether something of that probability happens. */
  happens(share: number): boolean {
    return this.random() < share;
  }

  /** A number in [low, high). */
  between(low: number, high: number): number {
    return low + this.random() * (high - low);
  }

  /** A whole number in [low, high]. */
  integer(low: number, high: number): number {
    return Math.floor(this.between(low, high + 1));
  }

  /** One of `choices`. */
  pick<T>(choices: readonly T[]): T {
    const chosen = choices[this.integer(0, choices.length - 1)];
    if (chosen === undefined) throw new RangeError("there is nothing to pick from");
    return chosen;
  }
}

/** FNV-1a of 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
