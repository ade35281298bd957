import * as z from "zod";
import type { DeepReadonly } from "./deep-readonly.ts";

const LabelsSchema = z.record(z.string(), z.string());
const LabelledSchema = z.object({ labels: LabelsSchema.exactOptional() });

const NodeSchema = z.object({
  metadata: LabelledSchema,
  spec: z.object({ podCIDRs: z.array(z.string()).exactOptional() }).exactOptional(),
});

const NamespaceSchema = z.object({ metadata: LabelledSchema });

/** Labels of an object by their keys. */
export type Labels = DeepReadonly<z.infer<typeof LabelsSchema>>;

/** What we read of a Node of Kubernetes. */
export type NodeObject = DeepReadonly<z.infer<typeof NodeSchema>>;

/** What we read of a Namespace of Kubernetes. */
export type NamespaceObject = DeepReadonly<z.infer<typeof NamespaceSchema>>;

/**
 * Takes an object of the API server's as a Node.
 *
 * @throws TypeError naming the fields, for anything else
 */
export function asNodeObject(value: unknown): NodeObject {
  return read(NodeSchema, value, "a Node");
}

/**
 * Takes an object of the API server's as a Namespace.
 *
 * @throws TypeError naming the fields, for anything else
 */
export function asNamespaceObject(value: unknown): NamespaceObject {
  return read(NamespaceSchema, value, "a Namespace");
}

function read<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new TypeError(`the API server's answer is not ${what}: ${z.prettifyError(parsed.error)}`);
}
