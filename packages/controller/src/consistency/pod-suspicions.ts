import { leaseName } from "@cluster-ipam/api";
import type { LeaseTable } from "../leases/lease-table.ts";
import type { PodNetworks } from "./cluster-pods.ts";
import { readNetworkStatus, type ShownAddress } from "./network-status.ts";
import type { PoolAddresses } from "./pool-addresses.ts";

/** A pod that shows an address of a pool without having it, as far as copies of the cluster tell. */
export interface PodSuspicion {
  readonly pod: PodNetworks;
  readonly node: string;
  readonly shown: ShownAddress;
}

/** What pods are held against. */
export interface PodRules {
  readonly leases: Pick<LeaseTable, "get">;
  readonly pools: Pick<PoolAddresses, "has">;
  /** Every address space that leases are in: the pod's may be in any. */
  readonly spaces: Iterable<string>;
}

/**
 * The addresses of pools that a pod shows and has no lease of. An address that no pool hands out is of some other
 * network, such as the cluster's own.
 *
 * @returns undefined where its annotation cannot be read
 */
export function suspectPod(pod: PodNetworks, rules: PodRules): readonly ShownAddress[] | undefined {
  if (pod.networkStatus === "") return [];
  const shown = readNetworkStatus(pod.networkStatus);
  return shown?.filter((each) => rules.pools.has(each.address) && !isLeased(pod, each, rules));
}

/** Whether that holder, `namespace/name/ifName`, is the interface that shows the address; any of the pod's where none is told. */
export function isHolder(holder: string, { namespace, name }: PodNetworks, { ifName }: ShownAddress): boolean {
  const pod = `${namespace}/${name}/`;
  return ifName === "" ? holder.startsWith(pod) : holder === pod + ifName;
}

function isLeased(pod: PodNetworks, shown: ShownAddress, { leases, spaces }: PodRules): boolean {
  for (const space of spaces) {
    const lease = leases.get(leaseName(shown.address, space));
    if (lease?.state === "attached" && isHolder(lease.holder, pod, shown)) return true;
  }
  return false;
}
