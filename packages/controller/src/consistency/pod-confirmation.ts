import type { LeaseStore } from "@cluster-ipam/allocator";
import { type IPLease, leaseName } from "@cluster-ipam/api";
import { formatAddress } from "@cluster-ipam/ip";
import type { LeaseTable } from "../leases/lease-table.ts";
import type { ClusterPods, PodNetworks } from "./cluster-pods.ts";
import type { Finding } from "./finding.ts";
import { leaseText, ownSubject, podOf, whoHas } from "./finding-text.ts";
import { readNetworkStatus, type ShownAddress } from "./network-status.ts";
import { isHolder, type PodSuspicion } from "./pod-suspicions.ts";
import type { PoolAddresses } from "./pool-addresses.ts";

/** What a suspicion is looked into with. */
export interface Confirmation {
  readonly pods: Pick<ClusterPods, "running">;
  readonly store: Pick<LeaseStore, "get">;
  readonly leases: Pick<LeaseTable, "get">;
  readonly pools: Pick<PoolAddresses, "of">;
  readonly spaces: Iterable<string>;
}

/**
 * Looks into a suspicion by reads of now: a copy of the cluster lags behind it, and so did the list of pods.
 *
 * @returns undefined where all is well by now
 * @throws IpamError as the reads do
 */
export async function confirmSuspicion(
  { pod: suspect, node, shown }: PodSuspicion,
  confirmation: Confirmation,
  signal: AbortSignal,
): Promise<Finding | undefined> {
  const { pods, store } = confirmation;
  const pod = await pods.running(suspect.namespace, suspect.name, signal);
  if (pod?.uid !== suspect.uid || !shows(pod, shown)) return undefined;
  const [pool] = confirmation.pools.of(shown.address);
  if (pool === undefined) return undefined;
  const own = await readAll(ownNames(shown, confirmation), store, signal);
  const elsewhere = await readAll(otherNames(shown, confirmation), store, signal);
  const isLeased = ({ spec }: IPLease): boolean => spec.containerID !== "" && isHolder(spec.holder, pod, shown);
  if ([...own, ...elsewhere].some(isLeased)) return undefined;
  const place = { pod, node, shown, pool: pool.pool.metadata.name };
  const [lease] = own;
  return lease === undefined ? addressWithoutLease(place) : otherHolder(place, lease);
}

async function readAll(
  names: Iterable<string>,
  store: Confirmation["store"],
  signal: AbortSignal,
): Promise<readonly IPLease[]> {
  const leases: IPLease[] = [];
  for (const name of names) {
    const lease = await store.get(name, signal);
    if (lease !== undefined) leases.push(lease);
  }
  return leases;
}

function shows(pod: PodNetworks, { address, ifName }: ShownAddress): boolean {
  const text = formatAddress(address);
  const shown = readNetworkStatus(pod.networkStatus) ?? [];
  return shown.some((each) => each.ifName === ifName && formatAddress(each.address) === text);
}

/** What leases of the address are called in the spaces of the pools that hand it out. */
function ownNames({ address }: ShownAddress, { pools }: Pick<Confirmation, "pools">): ReadonlySet<string> {
  return new Set(pools.of(address).map(({ pool }) => leaseName(address, pool.spec.addressSpace)));
}

/** What leases of the address are called that the copy has in other spaces: one of them may be the pod's. */
function otherNames(shown: ShownAddress, confirmation: Confirmation): readonly string[] {
  const own = ownNames(shown, confirmation);
  const names = [...confirmation.spaces].map((space) => leaseName(shown.address, space));
  return names.filter((name) => !own.has(name) && confirmation.leases.get(name) !== undefined);
}

/** Where an address is shown. */
interface Place extends PodSuspicion {
  /** That hands it out. */
  readonly pool: string;
}

function addressWithoutLease(place: Place): Finding {
  const { pod, pool } = place;
  const regarding = { apiVersion: "v1", kind: "Pod", name: pod.name, namespace: pod.namespace, uid: pod.uid };
  return {
    kind: "address-without-lease",
    key: keyOf("address-without-lease", place),
    about: aboutOf(place),
    message:
      `${whoShows(place)}, which pool ${pool} hands out, and has no lease of it, so that another pod may get it: delete ` +
      "the pod, a new one gets a lease; or exclude the address from the pool, where somebody else gives it out",
    regarding,
  };
}

function otherHolder(place: Place, lease: IPLease): Finding {
  const { name, uid = "" } = lease.metadata;
  return {
    kind: "other-holder",
    key: keyOf("other-holder", place),
    about: { ...aboutOf(place), lease: name },
    message: `${whoShows(place)}, which ${holds(lease)}; a new pod gets an address of its own`,
    regarding: ownSubject("IPLease", name, uid),
  };
}

/** By whom or for what an address is held, and whom to delete. */
function holds({ metadata: { name }, spec }: IPLease): string {
  const text = leaseText({ name, pool: spec.pool });
  if (spec.containerID !== "") return `${whoHas(spec)} holds by ${text}: delete one of the two`;
  if (spec.reserved !== undefined) return `${text} reserves (${spec.reserved.reason}): delete the pod`;
  const whom = spec.holder === "" ? "a while" : podOf(spec.holder);
  return `${text} keeps for ${whom} since it was given back: delete the pod`;
}

function whoShows({ pod, node, shown }: Place): string {
  const { address, ifName, network } = shown;
  const where = [ifName, network].filter((part) => part !== "").join(", ");
  const at = where === "" ? "" : ` (${where})`;
  return `pod ${pod.namespace}/${pod.name} on node ${node} shows ${formatAddress(address)}${at}`;
}

function aboutOf({ pod, node, shown, pool }: Place): Finding["about"] {
  const { address, ifName } = shown;
  return {
    address: formatAddress(address),
    pool,
    pod: `${pod.namespace}/${pod.name}`,
    ...(ifName === "" ? {} : { interface: ifName }),
    node,
  };
}

function keyOf(kind: string, { pod, shown }: Place): string {
  return JSON.stringify([kind, pod.uid, shown.ifName, formatAddress(shown.address)]);
}
