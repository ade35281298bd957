import { API_VERSION, type IPLease, type IPLeaseSpec } from "@cluster-ipam/api";
import type { Attachment } from "../attachment.ts";

/** An attachment of a pod of that name, on n1 unless said otherwise. */
export function attachmentOf(pod: string, node = "n1"): Attachment {
  return {
    containerId: `c-${pod}`,
    ifName: "net1",
    netns: `/run/netns/${pod}`,
    node,
    network: "wide",
    pod: { namespace: "default", name: pod, uid: `u-${pod}` },
  };
}

/** The lease that an attachment has when it has been given an address; what is given replaces its parts. */
export function leaseOf(attachment: Attachment, address: string, change: Partial<IPLeaseSpec> = {}): IPLease {
  const { containerId: containerID, ifName, network, node, pod } = attachment;
  const spec = {
    address,
    prefixLength: 24,
    pool: "wide",
    addressSpace: "",
    network,
    node,
    pod,
    holder: `${pod.namespace}/${pod.name}/${ifName}`,
    containerID,
    ifName,
    sandbox: { netns: attachment.netns, inode: "1", bootID: "boot-1" },
    ...change,
  };
  return { apiVersion: API_VERSION, kind: "IPLease", metadata: { name: address }, spec };
}
