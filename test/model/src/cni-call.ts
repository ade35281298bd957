import type { WireRequest } from "@cluster-ipam/cni";
import { type AttachmentPlan, containerIdOf, namespaceOf, netnsOf } from "./plan.ts";
import { ipamSection } from "./pool-objects.ts";
import type { NetworkPlan } from "./small-network.ts";

const CNI_VERSION = "1.1.0";

/** What a network configuration holds beside the network's own keys. */
export interface ConfigParts {
  /** Asked for by the pod, as Multus passes it on. */
  readonly fixed?: string | undefined;
  /** The ipam section holds `type` alone. */
  readonly isStripped?: boolean;
  /** Addresses of prevResult. */
  readonly previous?: readonly string[];
  /** Attachments that a GC is to keep. */
  readonly valid?: readonly AttachmentPlan[];
}

/** The plugin's standard input. */
export function configText(network: NetworkPlan, { fixed, isStripped, previous, valid }: ConfigParts): string {
  return JSON.stringify({
    cniVersion: CNI_VERSION,
    name: network.name,
    type: "macvlan",
    ipam: isStripped === true ? { type: "cluster-ipam" } : ipamSection(network),
    ...(fixed === undefined ? {} : { runtimeConfig: { ips: [fixed] } }),
    ...(previous === undefined ? {} : { prevResult: prevResult(previous) }),
    ...(valid === undefined ? {} : { "cni.dev/valid-attachments": valid.map(validAttachment) }),
  });
}

function prevResult(addresses: readonly string[]): object {
  const ips = addresses.map((address) => ({ address: `${address}/${address.includes(":") ? 124 : 28}` }));
  return { cniVersion: CNI_VERSION, ips };
}

function validAttachment(plan: AttachmentPlan): object {
  return { containerID: containerIdOf(plan), ifname: plan.ifName };
}

/** One call as the plugin sends it; GC has no attachment. */
export function wireRequest({
  command,
  startedAtNs,
  config,
  attachment,
}: {
  readonly command: "ADD" | "DEL" | "CHECK" | "GC";
  readonly startedAtNs: bigint;
  readonly config: string;
  readonly attachment?: AttachmentPlan;
}): WireRequest {
  const env = { CNI_COMMAND: command, ...(attachment === undefined ? {} : attachmentEnv(attachment)) };
  return { startedAt: String(startedAtNs), env, stdin: config };
}

function attachmentEnv(attachment: AttachmentPlan): Readonly<Record<string, string>> {
  const { pod, ifName } = attachment;
  return {
    CNI_CONTAINERID: containerIdOf(attachment),
    CNI_IFNAME: ifName,
    CNI_NETNS: netnsOf(attachment),
    CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=${namespaceOf(pod)};K8S_POD_NAME=${pod.name};K8S_POD_UID=${pod.uid}`,
  };
}
