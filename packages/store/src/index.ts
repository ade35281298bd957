export { ApiBlockStore, type BlockStoreOptions } from "./api-block-store.ts";
export { ApiClusterFacts } from "./api-cluster-facts.ts";
export { ApiClusterNodes } from "./api-cluster-nodes.ts";
export { ApiHolderStates } from "./api-holder-states.ts";
export { ApiLeaseStore, type LeaseStoreOptions } from "./api-lease-store.ts";
export { ApiNodePods } from "./api-node-pods.ts";
export { ApiPodNetworks } from "./api-pod-networks.ts";
export { ApiPoolStatusStore } from "./api-pool-status-store.ts";
export { ApiPoolStore } from "./api-pool-store.ts";
