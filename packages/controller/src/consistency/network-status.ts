import { type Address, parseAddress } from "@cluster-ipam/ip";

/** An address that a pod shows. */
export interface ShownAddress {
  readonly address: Address;
  /** As the meta-plugin calls it: `namespace/name` of its NetworkAttachmentDefinition as a rule; "" where it is not told. */
  readonly network: string;
  /** "" where it is not told. */
  readonly ifName: string;
}

/** No pod has as many; whoever writes more into an annotation is not to keep a check from the others. */
const ADDRESSES_MAX = 64;

/**
 * Reads the annotation `k8s.v1.cni.cncf.io/network-status`, in which Multus and others write what a pod's networks have
 * given it (Kubernetes Network Custom Resource Definition De-facto Standard, section 4.3). Addresses may bear a prefix
 * length.
 *
 * @returns undefined where the text is no such thing
 */
export function readNetworkStatus(text: string): readonly ShownAddress[] | undefined {
  const networks = parse(text);
  if (!Array.isArray(networks)) return undefined;
  const shown: ShownAddress[] = [];
  for (const network of networks) {
    const addresses = addressesOf(network);
    if (addresses === undefined || shown.length + addresses.length > ADDRESSES_MAX) return undefined;
    shown.push(...addresses);
  }
  return shown;
}

function addressesOf(value: unknown): readonly ShownAddress[] | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { name = "", interface: ifName = "", ips = [] } = value as Readonly<Record<string, unknown>>;
  if (typeof name !== "string" || typeof ifName !== "string" || !Array.isArray(ips)) return undefined;
  const addresses = ips.map((ip) => (typeof ip === "string" ? parseAddress(ip.replace(/\/\d+$/, "")) : undefined));
  if (!addresses.every((address) => address !== undefined)) return undefined;
  return addresses.map((address) => ({ address, network: name, ifName }));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Whoever may edit a pod may write anything.
    return undefined;
  }
}
