import * as z from "zod";
import { addressSpaceField, subnetField } from "./address-field.ts";
import { BLOCK_NAME_RULE } from "./block-rules.ts";
import { described, immutable } from "./cel-rule.ts";
import type { DeepReadonly } from "./deep-readonly.ts";
import { API_VERSION } from "./group.ts";
import { ObjectMetaSchema } from "./object-meta.ts";

/** Longest name of a Kubernetes object (DNS subdomain). */
const NAME_MAX_LENGTH = 253;
const DELETE_AND_CREATE = "delete the block, and a node claims it anew";

const IPBlockSpecSchema = z
  .object({
    prefix: subnetField(
      "Addresses of the block in CIDR notation, canonical and without host bits. Immutable.",
      immutable("prefix", DELETE_AND_CREATE),
    ),
    pool: z
      .string()
      .min(1)
      .max(NAME_MAX_LENGTH)
      .meta(described("IPPool that the block is cut from. Immutable.", immutable("pool", DELETE_AND_CREATE))),
    addressSpace: addressSpaceField(
      "Space of the pool; empty is the default space. Immutable.",
      immutable("addressSpace", DELETE_AND_CREATE),
    ),
    node: z
      .string()
      .min(1)
      .max(NAME_MAX_LENGTH)
      .meta(
        described(
          "Node that hands out the pool's addresses of the block, and nobody else. Immutable.",
          immutable("node", DELETE_AND_CREATE),
        ),
      ),
  })
  .meta(described("Which addresses, and whose."));

/** Schema of {@link IPBlock}. */
export const IPBlockSchema = z
  .object({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal("IPBlock"),
    metadata: ObjectMetaSchema,
    spec: IPBlockSpecSchema,
  })
  .meta(
    described(
      "IPBlock is a prefix of a pool that one node hands out alone (nodeBlocks). Its name is the prefix, so that no" +
        " prefix has two nodes.",
      BLOCK_NAME_RULE,
    ),
  );

/** The content of a block. */
export type IPBlockSpec = DeepReadonly<z.infer<typeof IPBlockSpecSchema>>;

/** A prefix of a pool and its one node; the name is {@link blockName} of its prefix. */
export type IPBlock = DeepReadonly<z.infer<typeof IPBlockSchema>>;
