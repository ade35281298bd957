import type { Occupancy } from "../occupancy.ts";
import { anyFree } from "./any-free.ts";
import type { CandidateContext, Candidates } from "./candidates.ts";
import { SpreadWalk } from "./spread-walk.ts";

/** How many steps of the walk are tried before a list is worth its cost. */
const WALK_LENGTH = 4;

/** The seeded walk of the pool, which needs no list; then any free address. */
export async function* spread(context: CandidateContext): Candidates {
  const { set, seed, hints } = context;
  if (set.open.size > 0n) {
    for (const offset of walk(seed, set.open.size, hints.peek(set))) yield set.open.at(offset);
  }
  return yield* anyFree(context);
}

function* walk(seed: string, size: bigint, hint: Occupancy | undefined): Generator<bigint, void, void> {
  const offsets = new SpreadWalk(seed, size);
  for (let step = 0; step < WALK_LENGTH; step += 1) {
    const offset = offsets.next();
    if (offset === undefined) return;
    if (hint?.has(offset) !== true) yield offset;
  }
}
