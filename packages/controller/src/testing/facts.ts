import {
  API_VERSION,
  type IPPool,
  IPPoolSchema,
  type IPPoolSpec,
  leaseName,
  type ObjectMeta,
  type PoolRange,
} from "@cluster-ipam/api";
import { parseAddress } from "@cluster-ipam/ip";
import type { LeaseFact } from "../leases/lease-fact.ts";

/** A lease of pool lab that a sandbox on node n1 has, but for what `some` says; its uid is its name. */
export function leaseOf(text: string, some: Partial<LeaseFact> = {}): LeaseFact {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(`${text} is not an address`);
  const name = leaseName(address, some.addressSpace ?? "");
  return {
    name,
    uid: name,
    resourceVersion: "1",
    address,
    addressSpace: "",
    pool: "lab",
    state: "attached",
    node: "n1",
    holder: "",
    releasedAt: "",
    keepSeconds: undefined,
    ...some,
  };
}

/** A pool of these ranges, with what the server fills in. */
export function poolOf(
  metadata: ObjectMeta,
  ranges: readonly Partial<PoolRange>[],
  spec: Partial<IPPoolSpec> = {},
): IPPool {
  return IPPoolSchema.parse({ apiVersion: API_VERSION, kind: "IPPool", metadata, spec: { ranges, ...spec } });
}
