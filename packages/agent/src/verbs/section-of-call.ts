import { type CniRequest, isObject, lookup } from "@cluster-ipam/cni";
import { readIpamSection, type SectionReading } from "@cluster-ipam/dialects";
import { IpamError } from "@cluster-ipam/errors";
import type { AgentContext } from "../agent-context.ts";
import { firstGroup } from "../pools/pattern-match.ts";

/**
 * What the call's ipam section asks for.
 *
 * @throws IpamError `bad-config`, `bad-index`
 */
export function readSection(request: CniRequest, agent: AgentContext): SectionReading {
  const { attachment, pod, ipam, requestedIps, args, config } = request;
  refuseIpRanges(config);
  return readIpamSection({
    ipam,
    network: attachment.network,
    podName: pod?.name,
    fixed: { requestedIps, conventionIps: conventionIps(config), argument: args.get("IP") },
    gatewayArgument: args.get("GATEWAY"),
    readFile: agent.readFile,
    firstGroup,
    readKernelCommandLine: agent.readKernelCommandLine,
    nodeAddresses: agent.nodeAddresses,
  });
}

/**
 * `args.cni.ips` of the network configuration.
 *
 * @throws IpamError `bad-config` where it is no list: a wish that is passed over would look like one that was granted
 */
function conventionIps(config: Readonly<Record<string, unknown>>): readonly unknown[] {
  const cni = objectAt("args.cni", lookup(objectAt("args", lookup(config, "args")), "cni"));
  const ips = lookup(cni, "ips") ?? [];
  if (Array.isArray(ips)) return ips;
  throw new IpamError("bad-config", `args.cni.ips is ${JSON.stringify(ips)}: expected a list of addresses`);
}

function objectAt(key: string, value: unknown): Readonly<Record<string, unknown>> {
  if (isObject(value)) return value;
  if (value === undefined || value === null) return {};
  throw new IpamError("bad-config", `${key} is ${JSON.stringify(value)}: expected an object`);
}

/** host-local puts ranges of the runtime before its own: an answer without them would lack addresses. */
function refuseIpRanges(config: Readonly<Record<string, unknown>>): void {
  const runtimeConfig = lookup(config, "runtimeConfig");
  const ranges = isObject(runtimeConfig) ? lookup(runtimeConfig, "ipRanges") : undefined;
  if (ranges === undefined || ranges === null || (Array.isArray(ranges) && ranges.length === 0)) return;
  const wayOut = "write the ranges into ipam.ranges, and take the capability ipRanges out of the configuration";
  throw new IpamError("bad-config", `runtimeConfig.ipRanges is not served: ${wayOut}`);
}
