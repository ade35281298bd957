import * as z from "zod";
import { described } from "./cel-rule.ts";
import type { DeepReadonly } from "./deep-readonly.ts";

/** 2^128 has 39 digits. */
const COUNT_MAX_LENGTH = 39;

/** Longest message of a condition, in characters, as Kubernetes has it for its own. */
export const CONDITION_MESSAGE_MAX_LENGTH = 32_768;

const countField = z.string().max(COUNT_MAX_LENGTH);

const ConditionSchema = z
  .object({
    type: z.string().min(1).max(316).meta(described("Type of the condition, such as Ready or Exhausted.")),
    status: z.enum(["True", "False", "Unknown"]).meta(described("Whether the condition holds.")),
    observedGeneration: z
      .int()
      .min(0)
      .meta(described("Generation of the pool that the condition speaks of."))
      .exactOptional(),
    lastTransitionTime: z.string().meta({ ...described("When status last changed."), format: "date-time" }),
    reason: z.string().min(1).max(1024).meta(described("Reason of the last change, one word in CamelCase.")),
    message: z.string().max(CONDITION_MESSAGE_MAX_LENGTH).meta(described("What happened, and what to do about it.")),
  })
  .meta(described("A standard Kubernetes condition."));

/** Schema of {@link IPPoolStatus}. */
export const IPPoolStatusSchema = z
  .object({
    capacity: countField.meta(described("Addresses that may be handed out, in decimal digits.")).exactOptional(),
    used: countField.meta(described("Addresses that are leased, in decimal digits.")).exactOptional(),
    free: countField.meta(described("Addresses that are left, in decimal digits.")).exactOptional(),
    kept: countField.meta(described("Addresses that cool down or are retained, in decimal digits.")).exactOptional(),
    outside: countField
      .meta(described("Leases of the pool whose address it does not hand out any more, in decimal digits."))
      .exactOptional(),
    reserved: countField.meta(described("Addresses that are kept by hand, in decimal digits.")).exactOptional(),
    observedGeneration: z
      .int()
      .min(0)
      .meta(described("Generation of the pool that the counts speak of."))
      .exactOptional(),
    conditions: z
      .array(ConditionSchema)
      .max(32)
      .meta({
        ...described("Ready, Exhausted, Overlapping, Invalid and others, one of each type."),
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
      })
      .exactOptional(),
  })
  .meta(described("What the controller last saw. Counts are text, since those of IPv6 pass 2^53."));

/** A standard Kubernetes condition. */
export type Condition = DeepReadonly<z.infer<typeof ConditionSchema>>;

/** What the controller last saw of a pool; counts are decimal digits, since those of IPv6 pass 2^53. */
export type IPPoolStatus = DeepReadonly<z.infer<typeof IPPoolStatusSchema>>;
