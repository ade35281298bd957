import type { IPLease } from "@cluster-ipam/api";
import type { Address } from "@cluster-ipam/ip";
import type { BusyNames, NameHold } from "./busy-names.ts";
import type { WriteContext } from "./certain-write.ts";
import type { Claimant } from "./claimant.ts";
import type { Clock, Random } from "./clock.ts";
import type { HolderStates } from "./holder-state.ts";
import type { Keeping } from "./keeping.ts";
import type { Origin, Taken } from "./lease-end.ts";
import type { LeaseStore } from "./lease-store.ts";
import type { NodeBlocks } from "./node-blocks.ts";
import type { OccupancyHints } from "./occupancy-hints.ts";
import type { OwnLeases } from "./own-leases.ts";
import type { RangeSet } from "./range-set.ts";
import type { SearchStrategy } from "./strategies/search.ts";

/** One address to be taken: the fixed one, or any of the set that `strategy` finds. */
export interface Claim {
  readonly set: RangeSet;
  /** Asked for, named by the ipam section, or the one that strategy Index gives to the pod. */
  readonly fixed: Address | undefined;
  /**
   * Whether `fixed` is what strategy Index makes of the pool as it is today, and nobody's wish: an address of the pool
   * that the attachment has already stands, wherever an edit of the pool has moved the count since.
   */
  readonly isComputed?: boolean;
  /** Not the set's: two networks may share a pool and choose differently. Without meaning beside `fixed`. */
  readonly strategy: SearchStrategy;
  /** Whether the pool keeps addresses for their pods: what was kept for the claimant comes first then. Absent: no. */
  readonly retains?: boolean;
}

/** Where the allocator leaves what it could not finish; both must end in no lease of the attachment being left. */
export interface Leftovers {
  /** `lease` was taken for a call that failed: to be what it was before. Never rejects. */
  giveBack(lease: IPLease, origin: Origin): Promise<void>;
  /** `lease` may exist, now or some time later: to be looked for, and given back if the attachment has it. */
  recheck(lease: IPLease, origin: Origin): void;
}

/** What the allocator works with; all of it injected. */
export interface AllocatorDeps {
  readonly store: LeaseStore;
  readonly hints: OccupancyHints;
  readonly own: OwnLeases;
  readonly busy: BusyNames;
  readonly blocks: NodeBlocks;
  readonly holders: HolderStates;
  readonly keeping: Keeping;
  readonly leftovers: Leftovers;
  readonly clock: Clock;
  readonly random: Random;
}

/** One call: who, since when, until when. The reason of `signal` is the IpamError that the caller gets. */
export interface AllocationCall {
  readonly claimant: Claimant;
  readonly startedAtMs: number;
  readonly signal: AbortSignal;
  /** What the call is at, until this node remembers what it got. */
  readonly hold: NameHold;
  /** Told of each create that found the name taken. Must not throw. */
  readonly onTaken?: () => void;
  /** Told of each write that is made again, its outcome being unknown. Must not throw. */
  readonly onRetry?: () => void;
}

/** A call on its way: what it has taken so far, it must not find again and take for the answer to another claim. */
export interface Progress extends AllocationCall {
  readonly taken: ReadonlyMap<Claim, Taken>;
  /** The leases of the claimant's holder, on whatever node; read once, when a claim first asks. */
  readonly listOfHolder: () => Promise<readonly IPLease[]>;
}

/** Whether the call has taken the lease of that name for one of its claims. */
export function hasTaken({ taken }: Progress, name: string): boolean {
  return [...taken.values()].some(({ lease }) => lease.metadata.name === name);
}

/** What the writes of a call need. `origin` is what the lease that they write was before. */
export function writeContext(
  { claimant, signal, onRetry }: AllocationCall,
  { store, clock, leftovers }: AllocatorDeps,
  origin: Origin,
): WriteContext {
  return { store, claimant, clock, signal, onRetry, recheck: (lease) => leftovers.recheck(lease, origin) };
}
