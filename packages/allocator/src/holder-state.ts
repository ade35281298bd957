import type { IPLease } from "@cluster-ipam/api";

/** What the cluster knows of the pod and the node of a lease. */
export interface HolderState {
  /** `gone`: there is no such pod, or another one has its name now. */
  readonly pod: "there" | "gone" | "unknown";
  readonly node: "Ready" | "NotReady" | "absent" | "unknown";
}

/** Looks at who holds a lease, for messages alone: nothing is freed by what it says. */
export interface HolderStates {
  /** Takes about two seconds at most and never rejects: what cannot be found out is `unknown`. */
  look(lease: IPLease, signal: AbortSignal): Promise<HolderState>;
}

/**
 * What speaks against the holder of `lease`, and the way out; undefined where nothing does.
 *
 * @example
 * describeObstacle(lease, { pod: "gone", node: "NotReady" });
 * // "that pod is gone and node n2 is NotReady: kubectl delete iplease 10.0.0.5 frees the address"
 */
export function describeObstacle({ metadata, spec }: IPLease, { pod, node }: HolderState): string | undefined {
  const isPodGone = pod === "gone";
  const isNodeAway = node === "NotReady" || node === "absent";
  if (!isPodGone && !isNodeAway) return undefined;
  const nodeText = node === "absent" ? `node ${spec.node} does not exist` : `node ${spec.node} is ${node}`;
  const found = [...(isPodGone ? ["that pod is gone"] : []), ...(isNodeAway ? [nodeText] : [])].join(" and ");
  const condition = isPodGone ? "" : "if the holder runs nowhere any more, ";
  const { reserved } = spec;
  const lost = reserved === undefined ? "" : ` and ends its reservation (${reserved.reason})`;
  return `${found}: ${condition}kubectl delete iplease ${metadata.name} frees the address${lost}`;
}
