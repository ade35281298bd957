export { ApiHolderStates } from "./api-holder-states.ts";
export { ApiLeaseStore, type LeaseStoreOptions } from "./api-lease-store.ts";
export { ApiPoolStore } from "./api-pool-store.ts";
