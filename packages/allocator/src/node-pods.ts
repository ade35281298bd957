import type { IPLease } from "@cluster-ipam/api";

/** What tells one pod from another. */
export interface PodIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** Kind of the object that controls the pod, of whatever group; absent where none does. */
  readonly controllerKind?: string;
  /** The node it is on; absent where it is on none yet, or nobody asked for it. */
  readonly node?: string;
}

/** What of a pod is read beyond what tells it from others of its name. */
export interface PodQuery {
  /** Costs all of its text instead of the metadata. */
  readonly needsNode?: boolean;
}

/** A pod as a lease names it. */
type LeasedPod = NonNullable<IPLease["spec"]["pod"]>;

/** The pods that the cluster knows. Both read until there is an answer, or `signal` ends it with an IpamError. */
export interface NodePods {
  /** The pods of a node; indexed on the server. */
  list(node: string, signal: AbortSignal): Promise<readonly PodIdentity[]>;
  /** The pod of that name as the server has it now; undefined when there is none. */
  get(namespace: string, name: string, signal: AbortSignal, query?: PodQuery): Promise<PodIdentity | undefined>;
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
export function isPodOf(found: PodIdentity, pod: LeasedPod): boolean {
  if (found.namespace !== pod.namespace || found.name !== pod.name) return false;
  const { uid = "" } = pod;
  return uid === "" || uid === found.uid || HASH_ANNOTATIONS.some((key) => found.annotations[key] === uid);
}

/**
 * Whether `found`, read with its node, is the pod that holds the lease. Where the lease has no uid, a pod of that name on
 * another node is another one, which a StatefulSet has made again.
 */
export function isHolderOf(found: PodIdentity, { spec: { pod, node } }: IPLease): boolean {
  if (pod === undefined || !isPodOf(found, pod)) return false;
  return hasUid(pod) || found.node === node;
}

/** Whether the server has the pod that holds the lease now; false for a lease without one. Throws as the read does. */
export async function isHolderThere(
  lease: IPLease,
  pods: Pick<NodePods, "get">,
  signal: AbortSignal,
): Promise<boolean> {
  const { pod } = lease.spec;
  if (pod === undefined) return false;
  const found = await pods.get(pod.namespace, pod.name, signal, { needsNode: !hasUid(pod) });
  return found !== undefined && isHolderOf(found, lease);
}

function hasUid({ uid = "" }: LeasedPod): boolean {
  return uid !== "";
}
