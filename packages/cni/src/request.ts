/** The verbs that the agent serves; VERSION is the plugin's own. */
export type Command = "ADD" | "DEL" | "CHECK" | "STATUS" | "GC";

/** One interface of one sandbox on one network; the unit that a lease belongs to. */
export interface Attachment {
  readonly network: string;
  readonly containerId: string;
  readonly ifName: string;
}

/** Who the pod is, as the runtime tells in CNI_ARGS (K8S_POD_*); uid is "" where the runtime does not send it. */
export interface PodIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** One decoded CNI call. Nothing in it has been checked against the cluster. */
export interface CniRequest {
  readonly command: Command;
  readonly cniVersion: string;
  readonly attachment: Attachment;
  /** CNI_NETNS; "" when absent (legal on DEL). */
  readonly netns: string;
  readonly pod: PodIdentity | undefined;
  /** CNI_ARGS as key and value, K8S_* included. */
  readonly args: ReadonlyMap<string, string>;
  /** The whole network configuration. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The `ipam` section; {} when absent. */
  readonly ipam: Readonly<Record<string, unknown>>;
  /** `runtimeConfig.ips`; [] when absent. */
  readonly requestedIps: readonly string[];
  /** `prevResult` as it came. */
  readonly prevResult: Readonly<Record<string, unknown>> | undefined;
  /** `cni.dev/valid-attachments` of GC; undefined when absent. */
  readonly validAttachments: readonly { readonly containerID: string; readonly ifname: string }[] | undefined;
  /** See WireRequest.startedAt. */
  readonly startedAtNs: bigint;
}
