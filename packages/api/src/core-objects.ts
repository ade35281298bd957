import * as z from "zod";
import type { DeepReadonly } from "./deep-readonly.ts";

const LabelsSchema = z.record(z.string(), z.string());
const LabelledSchema = z.object({ labels: LabelsSchema.exactOptional() });

const NodeSchema = z.object({
  metadata: LabelledSchema,
  spec: z
    .object({
      podCIDRs: z.array(z.string()).exactOptional(),
      taints: z.array(z.object({ key: z.string() })).exactOptional(),
    })
    .exactOptional(),
  status: z
    .object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })).exactOptional() })
    .exactOptional(),
});

/** Set by people, who say by it that nothing runs on the node any more (KEP-2268). */
const OUT_OF_SERVICE_TAINT = "node.kubernetes.io/out-of-service";

const NamespaceSchema = z.object({ metadata: LabelledSchema });

/** Labels of an object by their keys. */
export type Labels = DeepReadonly<z.infer<typeof LabelsSchema>>;

/** What we read of a Node of Kubernetes. */
export type NodeObject = DeepReadonly<z.infer<typeof NodeSchema>>;

/** Whether a node can answer for what runs on it. */
export interface NodeState {
  readonly isReady: boolean;
  /** Whether the taint node.kubernetes.io/out-of-service, whatever its effect, says that the machine is off for certain. */
  readonly isOutOfService: boolean;
}

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

/** What a Node tells of itself; one without a condition Ready is not. */
export function nodeStateOf({ spec, status }: NodeObject): NodeState {
  return {
    isReady:
      status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True") === true,
    isOutOfService: spec?.taints?.some(({ key }) => key === OUT_OF_SERVICE_TAINT) === true,
  };
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
