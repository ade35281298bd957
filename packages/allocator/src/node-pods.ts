import type { IPLease } from "@cluster-ipam/api";

/** What tells one pod from another. */
export interface PodIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** Kind of the object that controls the pod, of whatever group; absent where none does. */
  readonly controllerKind?: string;
}

/** The pods that the cluster knows. Both read until there is an answer, or `signal` ends it with an IpamError. */
export interface NodePods {
  /** The pods of a node; indexed on the server. */
  list(node: string, signal: AbortSignal): Promise<readonly PodIdentity[]>;
  /** The pod of that name as the server has it now; undefined when there is none. */
  get(namespace: string, name: string, signal: AbortSignal): Promise<PodIdentity | undefined>;
}

/**
 * The kubelet knows a static pod by the hash of its file, which the runtime passes on as the pod's uid; the mirror pod on
 * the server has a uid of its own (kubernetes.io/docs/reference/labels-annotations-taints).
 */
const HASH_ANNOTATIONS = ["kubernetes.io/config.hash", "kubernetes.io/config.mirror"] as const;

/**
 * Whether `found` is the pod that a lease names. A lease without a uid, from a runtime that tells none, may be of
 * whatever pod has the name; one with a uid never is of another pod that came after it under the same name.
 */
export function isPodOf(found: PodIdentity, pod: NonNullable<IPLease["spec"]["pod"]>): boolean {
  if (found.namespace !== pod.namespace || found.name !== pod.name) return false;
  const { uid = "" } = pod;
  return uid === "" || uid === found.uid || HASH_ANNOTATIONS.some((key) => found.annotations[key] === uid);
}
