import * as z from "zod";
import { addressSpaceField } from "./address-field.ts";
import { type CelRule, described, immutable } from "./cel-rule.ts";
import type { DeepReadonly } from "./deep-readonly.ts";
import { API_VERSION } from "./group.ts";
import { labelSelectorField } from "./label-selector.ts";
import { ObjectMetaSchema } from "./object-meta.ts";
import { PoolDnsSchema, PoolRouteSchema } from "./pool-network.ts";
import { PoolRangeSchema } from "./pool-range.ts";
import { POOL_SPEC_RULES } from "./pool-rules.ts";
import { IPPoolStatusSchema } from "./pool-status.ts";

const RANGES_MAX_ITEMS = 64;
const ROUTES_MAX_ITEMS = 64;
const PATTERN_MAX_LENGTH = 128;
/** A week: longer than that is what retain is for. */
const COOL_DOWN_MAX_SECONDS = 604_800;
/** Ten years. */
const RETAIN_MAX_SECONDS = 315_360_000;

const STRATEGIES = ["Spread", "Sequential", "Index"] as const;

const RETAIN_NEEDS_TIME: CelRule = {
  rule: "(self.policy == 'None') != has(self.seconds)",
  message: "policies StatefulSet and Always need seconds, None takes none",
  messageExpression:
    "self.policy == 'None' ? 'policy None retains nothing: remove seconds'" +
    " : 'policy ' + self.policy + ' needs seconds: how long the address is kept'",
};

const INDEX_PATTERN: CelRule = {
  rule: "self.contains('(') && self.contains(')')",
  message: "must be a regular expression with one group for the number, such as index([0-9]+)",
};

/** The language of CEL is RE2: what backtracks without end in others is not in it. */
const INDEX_PATTERN_COMPILES: CelRule = {
  rule: "'x'.matches(self) in [true, false]",
  message: "must be a regular expression of RE2: no look-around, no back-references",
};

const IndexSchema = z
  .object({
    base: z
      .enum(["Start", "Node"])
      .meta(described("Where the count begins. Start: the range's first address. Node: the node's own address."))
      .default("Start"),
    pattern: z
      .string()
      .min(1)
      .max(PATTERN_MAX_LENGTH)
      .meta(
        described(
          "Regular expression with one group that finds the number in the pod's name;" +
            " absent means the StatefulSet ordinal, or index<number>.",
          INDEX_PATTERN,
          INDEX_PATTERN_COMPILES,
        ),
      )
      .exactOptional(),
  })
  .meta(described("How strategy Index finds the pod's number and what it adds it to."));

const NodeBlocksSchema = z
  .object({
    prefixLength: z.int().min(1).max(128).meta(described("Prefix length of the block that a node claims at a time.")),
  })
  .meta(described("Gives each node blocks of its own, claimed when needed. Immutable."));

const RetainSchema = z
  .object({
    policy: z
      .enum(["None", "StatefulSet", "Always"])
      .meta(described("Whose addresses are kept after the pod is gone.")),
    seconds: z
      .int()
      .min(1)
      .max(RETAIN_MAX_SECONDS)
      .meta(described("How long an address is kept for its holder."))
      .exactOptional(),
  })
  .meta(described("Keeps an address for its holder after the pod is gone; absent means None.", RETAIN_NEEDS_TIME));

const IPPoolSpecSchema = z
  .object({
    ranges: z
      .array(PoolRangeSchema)
      .max(RANGES_MAX_ITEMS)
      .meta(described("Ranges of the pool. Each family among them gives an attachment one address."))
      .default([]),
    source: z
      .enum(["NodePodCIDR"])
      .meta(described("NodePodCIDR: each node hands out addresses of its own podCIDRs; ranges is then absent."))
      .exactOptional(),
    addressSpace: addressSpaceField(
      "Space within which addresses are unique; empty is the default space, shared by all networks. Immutable.",
      immutable("addressSpace", "delete the pool and create another"),
    ),
    routes: z
      .array(PoolRouteSchema)
      .max(ROUTES_MAX_ITEMS)
      .meta(described("Routes handed out with every address, those of the address's family."))
      .exactOptional(),
    dns: PoolDnsSchema.exactOptional(),
    strategy: z
      .enum(STRATEGIES)
      .meta(
        described(
          "Spread: scattered by the pod's name, fastest. Sequential: lowest free address first." +
            " Index: start plus the pod's number.",
        ),
      )
      .default("Spread"),
    index: IndexSchema.exactOptional(),
    nodeBlocks: NodeBlocksSchema.exactOptional(),
    retain: RetainSchema.exactOptional(),
    coolDownSeconds: z
      .int()
      .min(0)
      .max(COOL_DOWN_MAX_SECONDS)
      .meta(described("How long a released address is not handed out again; 30 is wise with Sequential."))
      .default(0),
    reserveGateway: z.boolean().meta(described("Whether the gateways' addresses are never handed out.")).default(true),
    nodeSelector: labelSelectorField("Nodes that the pool serves; absent means all.").exactOptional(),
    namespaceSelector: labelSelectorField("Namespaces whose pods the pool serves; absent means all.").exactOptional(),
  })
  .meta(described("Which addresses the pool hands out, how, and to whom.", ...POOL_SPEC_RULES));

/** Schema of {@link IPPool}. */
export const IPPoolSchema = z
  .object({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal("IPPool"),
    metadata: ObjectMetaSchema,
    spec: IPPoolSpecSchema,
    status: IPPoolStatusSchema.exactOptional(),
  })
  .meta(described("IPPool says which addresses a network hands out. Editing or deleting one never ends a lease."));

/** How a pool chooses an address. */
export type Strategy = (typeof STRATEGIES)[number];

/** What a pool hands out; the API server fills in the fields that have a default. */
export type IPPoolSpec = DeepReadonly<z.infer<typeof IPPoolSpecSchema>>;

/** Addresses for a network. */
export type IPPool = DeepReadonly<z.infer<typeof IPPoolSchema>>;
