export { attachedLease } from "./attached-lease.ts";
export { FakeClock } from "./fake-clock.ts";
export { KeptLeaseEnder, type KeptLeases } from "./kept-lease-ender.ts";
export { leaseStoreConformance } from "./lease-store-conformance.ts";
export { MemoryLeaseStore } from "./memory-lease-store.ts";
export { MemoryPoolStore } from "./memory-pool-store.ts";
export { ScriptedKeeping } from "./scripted-keeping.ts";
export { seededRandom } from "./seeded-random.ts";
export { type Pace, type ReadFault, type StoreCall, StoreFaults, type WriteFault } from "./store-faults.ts";
