import { API_VERSION, type IPLease, type IPLeaseSpec, leaseName } from "@cluster-ipam/api";
import { parseAddress } from "@cluster-ipam/ip";

const ATTACHED = {
  pool: "pool-a",
  addressSpace: "",
  network: "macvlan-conf",
  node: "node-a",
  pod: { namespace: "default", name: "web-0", uid: "6f1c9a52-0d5e-4c53-9f0e-2f4f7d3c1b10" },
  holder: "default/web-0/net1",
  containerID: "5d1c3f2ab7e94a60",
  ifName: "net1",
} as const;
const PREFIX_LENGTH = { 4: 24, 6: 64 } as const;

/** A lease for tests, not written yet: `address` is held by an interface of a pod, but for what `spec` says. */
export function attachedLease(address: string, spec: Partial<IPLeaseSpec> = {}): IPLease {
  const parsed = parseAddress(address);
  if (parsed === undefined) throw new RangeError(`"${address}" is not an address`);
  const name = leaseName(parsed, spec.addressSpace ?? ATTACHED.addressSpace);
  const full = { ...ATTACHED, address, prefixLength: PREFIX_LENGTH[parsed.family], ...spec };
  return { apiVersion: API_VERSION, kind: "IPLease", metadata: { name }, spec: full };
}
