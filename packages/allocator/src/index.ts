export { allocate, fixedFirst } from "./allocate.ts";
export type { AllocationCall, AllocatorDeps, Claim, Leftovers } from "./allocation.ts";
export type { AllocationRequest, FixedAddress, NamedAddress, PoolChoice } from "./allocation-request.ts";
export type { BlockCreateOutcome, BlockStore } from "./block-store.ts";
export { BusyNames, type NameHold } from "./busy-names.ts";
export { createLease, replaceLease, type WriteContext } from "./certain-write.ts";
export {
  addedAtOf,
  beganBefore,
  type CallTime,
  type Claimant,
  type ClaimantPod,
  describeHolder,
  holderOf,
  isHeldBy,
  isKeptFor,
  isOfCall,
} from "./claimant.ts";
export type { Clock, Random } from "./clock.ts";
export type { ClusterFacts, ClusterNamespace, ClusterNode } from "./cluster-facts.ts";
export type { HolderState, HolderStates } from "./holder-state.ts";
export { hasOrdinal, isRetaining, isStatefulPod, isWatched, type Keeping, keepSecondsOf } from "./keeping.ts";
export type { EndRules, Origin } from "./lease-end.ts";
export type {
  CreateOutcome,
  DeleteOutcome,
  LeaseStore,
  LeaseVersion,
  ReplaceOutcome,
  UnknownOutcome,
} from "./lease-store.ts";
export { namedSet } from "./named-set.ts";
export type { BlockCall, NodeBlocks, OwnBlocks } from "./node-blocks.ts";
export { isHolderOf, isHolderThere, isPodOf, type NodePods, type PodIdentity, type PodQuery } from "./node-pods.ts";
export { OccupancyHints, type OccupancySource } from "./occupancy-hints.ts";
export type { OwnLeases } from "./own-leases.ts";
export { podCidrSetsOf } from "./pod-cidr-sets.ts";
export { PoolBlocks } from "./pool-blocks.ts";
export { checkPool } from "./pool-check.ts";
export { PoolKeeping, type PoolKeepingDeps } from "./pool-keeping.ts";
export type { PoolStatusStore, StatusWrite } from "./pool-status-store.ts";
export type { PoolList, PoolStore, UnreadablePool } from "./pool-store.ts";
export {
  describeRanges,
  type RangeKeys,
  type RangeSet,
  rangeSetsOf,
  readRange,
  type Subnet,
  subnetOf,
} from "./range-set.ts";
export { endLease, type ReleaseOutcome, type ReleaseStore, releaseLease } from "./release.ts";
export { SharedRead, settledOrAborted } from "./shared-read.ts";
export { indexAddress, type PodNumber } from "./strategies/index-address.ts";
export type { SearchStrategy } from "./strategies/search.ts";
export { SpreadWalk } from "./strategies/spread-walk.ts";
