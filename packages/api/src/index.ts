export { blockName, parseBlockName, type SpacedPrefix } from "./block-name.ts";
export { type IPBlock, IPBlockSchema, type IPBlockSpec } from "./block-schema.ts";
export {
  asNamespaceObject,
  asNodeObject,
  type Labels,
  type NamespaceObject,
  type NodeObject,
  type NodeState,
  nodeStateOf,
} from "./core-objects.ts";
export { asIPBlock, asIPLease, asIPPool, asRestrictedRanges, type RestrictedRanges } from "./decode.ts";
export {
  API_GROUP,
  API_PATH,
  API_VERSION,
  BLOCK_RESOURCE,
  DEFAULT_POOL_ANNOTATION,
  INLINE_LABEL,
  LEASE_RESOURCE,
  POOL_RESOURCE,
  RETAIN_ANNOTATION,
} from "./group.ts";
export { type LabelSelector } from "./label-selector.ts";
export { isAddressSpace, leaseName, parseLeaseName, type SpacedAddress } from "./lease-name.ts";
export { type IPLease, IPLeaseSchema, type IPLeaseSpec } from "./lease-schema.ts";
export { type ObjectMeta, ObjectMetaSchema } from "./object-meta.ts";
export { type PoolDns, type PoolRoute } from "./pool-network.ts";
export { type PoolRange } from "./pool-range.ts";
export { type IPPool, IPPoolSchema, type IPPoolSpec, type Strategy } from "./pool-schema.ts";
export { CONDITION_MESSAGE_MAX_LENGTH, type Condition, type IPPoolStatus } from "./pool-status.ts";
export { formatRequirement, formatSelector, type Requirement, unmetRequirements } from "./selector-match.ts";
export { slugOf } from "./slug.ts";
