import type { CandidateContext, Candidates } from "./candidates.ts";
import { listedFree, randomBelow } from "./listed-free.ts";

/** Free addresses at random, by the occupancy list: the way that still works when nearly nothing is free. */
export function anyFree(context: CandidateContext): Candidates {
  return listedFree(context, (free) => randomBelow(free, context.random));
}
