import type { Address } from "@cluster-ipam/ip";
import type { Random } from "../clock.ts";
import type { OccupancyHints } from "../occupancy-hints.ts";
import type { RangeSet } from "../range-set.ts";

/** What a strategy may look at. */
export interface CandidateContext {
  readonly set: RangeSet;
  /** Names the pod and its interface: the same for each new sandbox of that pod. */
  readonly seed: string;
  readonly hints: OccupancyHints;
  readonly random: Random;
  /** When the call began, by the clock of the hints. */
  readonly startedAtMs: number;
  readonly signal: AbortSignal;
}

/**
 * Addresses to try, best first. Asking for the next one says that the last one is taken.
 *
 * @throws IpamError `pool-exhausted` when there is none left, proven by a list that began after the call
 */
export type Candidates = AsyncGenerator<Address, never, void>;
