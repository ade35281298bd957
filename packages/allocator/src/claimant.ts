import { API_VERSION, type IPLease, type IPLeaseSpec, leaseName } from "@cluster-ipam/api";
import { type Address, formatAddress } from "@cluster-ipam/ip";
import { type RangeSet, subnetOf } from "./range-set.ts";

/** The pod behind a call; uid is "" where the runtime does not tell. */
export interface ClaimantPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** When a call's plugin started. Comparable within one boot of the node. */
export interface CallTime {
  readonly bootID: string;
  /** Nanoseconds of CLOCK_BOOTTIME. */
  readonly startedAtNs: bigint;
}

/** Who an address is taken for: one attachment of one sandbox on this node. */
export interface Claimant {
  readonly network: string;
  readonly containerID: string;
  readonly ifName: string;
  readonly node: string;
  readonly pod: ClaimantPod | undefined;
  /** Undefined where the agent cannot see the sandbox's network namespace. */
  readonly sandbox: IPLeaseSpec["sandbox"];
  /** When the ADD began that asks for the address. */
  readonly call: CallTime;
}

/** `namespace/name/ifName`: what a pod's lease is looked up by; "" without a pod. */
export function holderOf({ pod, ifName }: Pick<Claimant, "pod" | "ifName">): string {
  return pod === undefined ? "" : `${pod.namespace}/${pod.name}/${ifName}`;
}

/** The lease that gives `address` of `set` to `claimant`; not written yet. */
export function draftLease(claimant: Claimant, set: RangeSet, address: Address): IPLease {
  const subnet = subnetOf(set, address);
  if (subnet === undefined) throw new RangeError(`${formatAddress(address)} is in no range of pool ${set.pool}`);
  const { pod, sandbox } = claimant;
  return {
    apiVersion: API_VERSION,
    kind: "IPLease",
    metadata: { name: leaseName(address, set.addressSpace) },
    spec: {
      address: formatAddress(address),
      prefixLength: subnet.cidr.prefixLength,
      ...(subnet.gateway === undefined ? {} : { gateway: formatAddress(subnet.gateway) }),
      pool: set.pool,
      addressSpace: set.addressSpace,
      network: claimant.network,
      node: claimant.node,
      containerID: claimant.containerID,
      ifName: claimant.ifName,
      holder: holderOf(claimant),
      ...(pod === undefined ? {} : { pod }),
      ...(sandbox === undefined ? {} : { sandbox }),
      addedAt: addedAtOf(claimant),
    },
  };
}

/** When the claimant's ADD began, as a lease has it. */
export function addedAtOf({ call }: Pick<Claimant, "call">): NonNullable<IPLeaseSpec["addedAt"]> {
  return { bootID: call.bootID, bootTimeNs: call.startedAtNs.toString() };
}

/**
 * Whether the last ADD that was answered with `lease` began before `time`; so where nobody knows when it began, and
 * where the node has booted since.
 */
export function beganBefore({ spec: { addedAt } }: IPLease, { bootID, startedAtNs }: CallTime): boolean {
  return addedAt?.bootID !== bootID || BigInt(addedAt.bootTimeNs) < startedAtNs;
}

/** Whether `lease` was written for the claimant's own call. */
export function isOfCall(lease: IPLease, claimant: Claimant): boolean {
  const { bootID, bootTimeNs } = addedAtOf(claimant);
  const { addedAt } = lease.spec;
  return isHeldBy(lease, claimant) && addedAt?.bootID === bootID && addedAt.bootTimeNs === bootTimeNs;
}

/** Whether `lease` belongs to the claimant's attachment on the claimant's node. */
export function isHeldBy(
  lease: IPLease,
  claimant: Pick<Claimant, "network" | "containerID" | "ifName" | "node">,
): boolean {
  const { spec } = lease;
  return (
    spec.node === claimant.node &&
    spec.network === claimant.network &&
    spec.containerID === claimant.containerID &&
    spec.ifName === claimant.ifName
  );
}

/**
 * Whether an earlier ADD has left `lease` to the claimant: one for the same attachment, or for an earlier sandbox of the
 * same pod, on the same network and interface. An ADD that arrives late never has what a newer one got.
 */
export function isLeftByEarlierCall(lease: IPLease, claimant: Claimant): boolean {
  const { spec } = lease;
  const uid = claimant.pod?.uid ?? "";
  const isSamePod = uid !== "" && spec.pod?.uid === uid;
  return (
    (isSamePod || spec.containerID === claimant.containerID) &&
    spec.node === claimant.node &&
    spec.network === claimant.network &&
    spec.ifName === claimant.ifName &&
    beganBefore(lease, claimant.call)
  );
}

/**
 * Whether nobody but the claimant may have the address of `lease` next: the pod that its reservation names, or, without
 * one, the pod and interface that it was given to last, whatever the node and the pod's uid.
 */
export function isKeptFor({ spec }: IPLease, claimant: Pick<Claimant, "pod" | "ifName">): boolean {
  const { pod } = claimant;
  if (pod === undefined) return false;
  if (spec.reserved === undefined) return spec.holder === holderOf(claimant);
  return spec.reserved.for?.namespace === pod.namespace && spec.reserved.for.name === pod.name;
}

/** `pod default/web-0 (interface net1) on node n1`, or what else holds the lease; for messages. */
export function describeHolder({ spec }: IPLease): string {
  const { reserved, pod, containerID, ifName, node, releasedAt } = spec;
  const who = pod === undefined ? `container ${containerID}` : `pod ${pod.namespace}/${pod.name}`;
  if (node !== "") return `${who} (interface ${ifName}) on node ${node}`;
  if (reserved !== undefined) return describeReservation(reserved);
  const since = releasedAt === undefined ? "" : ` since ${releasedAt}`;
  return pod === undefined
    ? `nobody, but cooling down${since}`
    : `nobody, but kept for ${who} (interface ${ifName})${since}`;
}

function describeReservation({ reason, for: pod }: NonNullable<IPLeaseSpec["reserved"]>): string {
  return pod === undefined
    ? `a reservation (${reason})`
    : `a reservation for pod ${pod.namespace}/${pod.name} (${reason})`;
}
