import type { Labels } from "@cluster-ipam/api";

/** What a Node object says that bears on pools. */
export interface ClusterNode {
  readonly labels: Labels;
  /** The networks that the cluster gave the node for its pods, in CIDR notation; [] where it gave none. */
  readonly podCidrs: readonly string[];
}

/** What a Namespace object says that bears on pools. */
export interface ClusterNamespace {
  readonly labels: Labels;
}

/**
 * What the cluster knows of nodes and namespaces. Both read until there is an answer, or `signal` ends it (IpamError
 * `apiserver-unreachable`); undefined where there is no such object.
 */
export interface ClusterFacts {
  node(name: string, signal: AbortSignal): Promise<ClusterNode | undefined>;
  namespace(name: string, signal: AbortSignal): Promise<ClusterNamespace | undefined>;
}
