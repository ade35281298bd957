import { type Attachment, type CniRequest, type Command, decodeRequest, type WireRequest } from "@cluster-ipam/cni";

/** What a test says of a call; the rest is that of an ordinary one. */
export interface CallFixture {
  readonly command?: Command;
  readonly network?: string;
  readonly containerId?: string;
  readonly ifName?: string;
  /** The pod behind the container; undefined for a call without one. */
  readonly pod?: { readonly namespace: string; readonly name: string; readonly uid: string } | undefined;
  readonly cniVersion?: string;
  readonly ipam?: Readonly<Record<string, unknown>>;
  /** More keys of the network configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** More of CNI_ARGS, such as `IP=10.0.0.5`. */
  readonly args?: string;
  readonly startedAtNs?: bigint;
}

/** A call for the pod that a StatefulSet makes after pod shop/web-0, under its name. */
export function successor(call: CallFixture = {}): CallFixture {
  return { containerId: "c2", pod: { namespace: "shop", name: "web-0", uid: "uid-2" }, ...call };
}

/** Path of a container's network namespace in these calls. */
export function netnsOf(containerId: string): string {
  return `/run/netns/${containerId}`;
}

/** The call as the plugin sends it: an ADD of net1 in container c1 for pod shop/web-0, unless it says otherwise. */
export function wireCall(call: CallFixture = {}): WireRequest {
  const { command = "ADD", containerId = "c1", ifName = "net1", startedAtNs = 1_000n } = call;
  const env = {
    CNI_COMMAND: command,
    CNI_CONTAINERID: containerId,
    CNI_IFNAME: ifName,
    CNI_NETNS: netnsOf(containerId),
    CNI_ARGS: argsOf(call),
  };
  return { startedAt: String(startedAtNs), env, stdin: stdinOf(call) };
}

/** The same call, decoded. */
export function cniCall(call: CallFixture = {}): CniRequest {
  return decodeRequest(wireCall(call));
}

/** The attachment of the same call. */
export function attachmentOf(call: CallFixture = {}): Attachment {
  return cniCall(call).attachment;
}

function argsOf(call: CallFixture): string {
  const pod = "pod" in call ? call.pod : { namespace: "shop", name: "web-0", uid: "uid-web-0" };
  const podArgs =
    pod === undefined
      ? []
      : [`K8S_POD_NAMESPACE=${pod.namespace}`, `K8S_POD_NAME=${pod.name}`, `K8S_POD_UID=${pod.uid}`];
  return ["IgnoreUnknown=1", ...podArgs, ...(call.args === undefined ? [] : [call.args])].join(";");
}

function stdinOf({ network = "lan", cniVersion = "1.1.0", ipam = {}, config = {} }: CallFixture): string {
  return JSON.stringify({
    cniVersion,
    name: network,
    type: "macvlan",
    ipam: { type: "cluster-ipam", ...ipam },
    ...config,
  });
}
