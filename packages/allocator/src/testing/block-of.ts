import { API_VERSION, blockName, type IPBlock, type IPBlockSpec } from "@cluster-ipam/api";
import { parseCidr } from "@cluster-ipam/ip";

/** A block for tests, not written yet: `prefix` of pool lab is node n1's, but for what `spec` says. */
export function blockOf(prefix: string, spec: Partial<IPBlockSpec> = {}): IPBlock {
  const parsed = parseCidr(prefix);
  if (parsed === undefined) throw new RangeError(`"${prefix}" is not a prefix`);
  const name = blockName(parsed, spec.addressSpace ?? "");
  const full = { prefix, pool: "lab", addressSpace: "", node: "n1", ...spec };
  return { apiVersion: API_VERSION, kind: "IPBlock", metadata: { name }, spec: full };
}
