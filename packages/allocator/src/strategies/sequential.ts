import type { CandidateContext, Candidates } from "./candidates.ts";
import { listedFree, randomBelow } from "./listed-free.ts";

/** More than a set of addresses has bits: from here on any free address may be next. */
const LOST_LIMIT = 128;

/**
 * The lowest free address first, by the occupancy list. All who ask at one time want the same one, so whoever loses it
 * draws from twice as many each time: after k lost races from the first 2^k free. A hint that others have outrun is
 * soon exchanged for a list, so that the lowest free address is the one of now.
 */
export function sequential(context: CandidateContext): Candidates {
  return listedFree(context, (free, lost) => {
    const drawn = 1n << BigInt(Math.min(lost, LOST_LIMIT));
    return randomBelow(drawn < free ? drawn : free, context.random);
  });
}
