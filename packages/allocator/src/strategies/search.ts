import type { Strategy } from "@cluster-ipam/api";
import type { NodeBlocks } from "../node-blocks.ts";
import { blockFree } from "./block-free.ts";
import type { CandidateContext, Candidates } from "./candidates.ts";
import { type OwnContext, ownFree } from "./own-free.ts";
import { sequential } from "./sequential.ts";
import { spread } from "./spread.ts";

/** A strategy that looks for a free address. Index does not: its address follows from the pod (index-address.ts). */
export type SearchStrategy = Exclude<Strategy, "Index">;

/** Where each strategy finds its candidates in what all nodes hand out of. */
const SEARCHES: Readonly<Record<SearchStrategy, (context: CandidateContext) => Candidates>> = {
  Spread: spread,
  Sequential: sequential,
};

/** The candidates of a call for any address of the set, best first. */
export function searchFor(strategy: SearchStrategy, context: OwnContext, blocks: NodeBlocks): Candidates {
  if (context.set.blockLength !== undefined) return blockFree(strategy, context, blocks);
  return context.set.isNodesOwn ? ownFree(strategy, context) : SEARCHES[strategy](context);
}
