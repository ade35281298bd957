export { type LeaseFact, type LeaseState, leaseFact } from "./leases/lease-fact.ts";
export { changedConditions, conditionsOf, type PoolFindings } from "./pool-status/pool-conditions.ts";
export { countPool, type PoolCount } from "./pool-status/pool-count.ts";
