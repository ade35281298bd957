export {
  type AllocationCall,
  type AllocatorDeps,
  allocate,
  type Claim,
  type Leftovers,
  type OwnLeases,
} from "./allocate.ts";
export type { AllocationRequest, FixedAddress, PoolChoice } from "./allocation-request.ts";
export { replaceLease, type WriteContext } from "./certain-write.ts";
export { type Claimant, type ClaimantPod, describeHolder, holderOf, isHeldBy } from "./claimant.ts";
export type { Clock, Random } from "./clock.ts";
export type {
  CreateOutcome,
  DeleteOutcome,
  LeaseStore,
  LeaseVersion,
  ReplaceOutcome,
  UnknownOutcome,
} from "./lease-store.ts";
export { OccupancyHints, type OccupancySource } from "./occupancy-hints.ts";
export type { PoolStore } from "./pool-store.ts";
export {
  describeRanges,
  type RangeKeys,
  type RangeSet,
  rangeSetsOf,
  readRange,
  type Subnet,
  subnetOf,
} from "./range-set.ts";
export { deleteLease, type ReleaseOutcome, releaseLease } from "./release.ts";
export { SharedRead } from "./shared-read.ts";
