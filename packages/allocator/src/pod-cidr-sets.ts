import type { IPPool, PoolRange } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import { addressBits, type Cidr, firstOf, formatAddress, formatCidr, networkOf, parseCidr } from "@cluster-ipam/ip";
import { type RangeSet, rangeSetsOf } from "./range-set.ts";

/**
 * The range sets that a pool of the nodes' own networks (`source: NodePodCIDR`) has on the node with these networks:
 * one per family, IPv4 first.
 *
 * The gateway is a network's first address, which the bridge plugin gives to its bridge (isGateway) and host-local to
 * its results; like any gateway it is handed out only where `reserveGateway` is false. A network of one or two addresses
 * has none.
 *
 * @throws IpamError `bad-config` that names pool and network
 */
export function podCidrSetsOf(pool: IPPool, podCidrs: readonly string[]): RangeSet[] {
  const ranges = podCidrs.map((text) => rangeOf(text, pool.metadata.name));
  return rangeSetsOf({ ...pool, spec: { ...pool.spec, ranges } }).map((set) => ({ ...set, isNodesOwn: true }));
}

function rangeOf(text: string, pool: string): PoolRange {
  const cidr = parseCidr(text);
  if (cidr === undefined || cidr.prefixLength === 0) {
    throw new IpamError(
      "bad-config",
      `pool ${pool}: spec.podCIDRs of the node holds "${text}": expected a network such as 10.244.1.0/24`,
    );
  }
  const subnet = formatCidr(networkOf(cidr));
  const gateway = gatewayOf(cidr);
  return { subnet, assign: "Any", ...(gateway === undefined ? {} : { gateway }) };
}

function gatewayOf(cidr: Cidr): string | undefined {
  if (addressBits(cidr.family) - cidr.prefixLength < 2) return undefined;
  return formatAddress({ family: cidr.family, value: firstOf(cidr) + 1n });
}
