/** API group of every custom resource of ours. */
export const API_GROUP = "cluster-ipam.io";

/** `apiVersion` of every object: group and version. */
export const API_VERSION = "cluster-ipam.io/v1alpha1";

/** Where the API server serves the group, without a trailing slash. */
export const API_PATH = "/apis/cluster-ipam.io/v1alpha1";

/** Resource name of IPLease, as in `${API_PATH}/ipleases`. */
export const LEASE_RESOURCE = "ipleases";

/** Resource name of IPBlock, as in `${API_PATH}/ipblocks`. */
export const BLOCK_RESOURCE = "ipblocks";

/** Resource name of IPPool, as in `${API_PATH}/ippools`. */
export const POOL_RESOURCE = "ippools";

/** Label, with the value "true", of a pool that an agent made from the inline ranges of a network configuration. */
export const INLINE_LABEL = "cluster-ipam.io/inline";

/** Annotation, with the value "true", of the pool that serves networks without a pool of their own. */
export const DEFAULT_POOL_ANNOTATION = "cluster-ipam.io/is-default-pool";

/** Annotation, with the value "true", of a pod whose address a pool with retain policy StatefulSet keeps, too. */
export const RETAIN_ANNOTATION = "cluster-ipam.io/retain";
