import {
  API_VERSION,
  type IPLease,
  type IPLeaseSpec,
  type IPPool,
  type IPPoolSpec,
  leaseName,
} from "@cluster-ipam/api";
import { parseAddress } from "@cluster-ipam/ip";

/** A lease of `address` on node n1, of net1 in container c1 for pod shop/web-0, unless `spec` says otherwise. */
export function leaseOf(address: string, spec: Partial<IPLeaseSpec> = {}, uid: string = `uid-${address}`): IPLease {
  const parsed = parseAddress(address);
  if (parsed === undefined) throw new Error(`${address} is no address`);
  return {
    apiVersion: API_VERSION,
    kind: "IPLease",
    metadata: { name: leaseName(parsed, spec.addressSpace ?? ""), uid, resourceVersion: "1" },
    spec: {
      address,
      prefixLength: parsed.family === 4 ? 24 : 64,
      pool: "lan",
      addressSpace: "",
      network: "lan",
      node: "n1",
      containerID: "c1",
      ifName: "net1",
      holder: "shop/web-0/net1",
      pod: { namespace: "shop", name: "web-0", uid: "uid-web-0" },
      ...spec,
    },
  };
}

/** A pool with these subnets, and whatever else `spec` says. */
export function poolOf(name: string, subnets: readonly string[], spec: Partial<IPPoolSpec> = {}): IPPool {
  return {
    apiVersion: API_VERSION,
    kind: "IPPool",
    metadata: { name, uid: `uid-${name}`, resourceVersion: "1" },
    spec: {
      ranges: subnets.map((subnet) => ({ subnet, assign: "Any" })),
      addressSpace: "",
      strategy: "Spread",
      coolDownSeconds: 0,
      reserveGateway: true,
      ...spec,
    },
  };
}

/** The same, looked at by a controller: without that, agents serve no pool that keeps addresses. */
export function watchedPool(name: string, subnets: readonly string[], spec: Partial<IPPoolSpec> = {}): IPPool {
  const ready = { type: "Ready", status: "True", reason: "Served", message: "" } as const;
  return {
    ...poolOf(name, subnets, spec),
    status: { conditions: [{ ...ready, lastTransitionTime: "2026-01-01T00:00:00Z" }] },
  };
}
