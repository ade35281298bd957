/** A pod as far as its networks tell who uses what. */
export interface PodNetworks {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Its annotation `k8s.v1.cni.cncf.io/network-status`; "" without one. */
  readonly networkStatus: string;
}

/** The pods of the cluster that have a network namespace of their own. */
export interface ClusterPods {
  /**
   * Those of a node that neither have ended nor are being deleted. May be a moment late: the server answers from its
   * memory.
   *
   * @throws IpamError where it gives no answer before `signal` aborts, or says no
   */
  ofNode(node: string, signal: AbortSignal): Promise<readonly PodNetworks[]>;
  /**
   * A pod as the server has it now; undefined where there is none of that name, it has ended, is being deleted, or has
   * no sandbox just now, so that what it shows is of one before.
   *
   * @throws IpamError as above
   */
  running(namespace: string, name: string, signal: AbortSignal): Promise<PodNetworks | undefined>;
}
