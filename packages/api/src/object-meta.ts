import * as z from "zod";
import type { DeepReadonly } from "./deep-readonly.ts";

const StringMapSchema = z.record(z.string(), z.string());

/** The part of Kubernetes' ObjectMeta that we read or write. */
export const ObjectMetaSchema = z.object({
  name: z.string(),
  uid: z.string().exactOptional(),
  resourceVersion: z.string().exactOptional(),
  creationTimestamp: z.string().exactOptional(),
  deletionTimestamp: z.string().exactOptional(),
  finalizers: z.array(z.string()).exactOptional(),
  generation: z.int().exactOptional(),
  labels: StringMapSchema.exactOptional(),
  annotations: StringMapSchema.exactOptional(),
});

/** The part of Kubernetes' ObjectMeta that we read or write; times are RFC 3339 text. */
export type ObjectMeta = DeepReadonly<z.infer<typeof ObjectMetaSchema>>;
