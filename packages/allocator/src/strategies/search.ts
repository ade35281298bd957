import type { Strategy } from "@cluster-ipam/api";
import type { CandidateContext, Candidates } from "./candidates.ts";
import { sequential } from "./sequential.ts";
import { spread } from "./spread.ts";

/** A strategy that looks for a free address. Index does not: its address follows from the pod (index-address.ts). */
export type SearchStrategy = Exclude<Strategy, "Index">;

/** Where each strategy finds its candidates. */
export const SEARCHES: Readonly<Record<SearchStrategy, (context: CandidateContext) => Candidates>> = {
  Spread: spread,
  Sequential: sequential,
};
