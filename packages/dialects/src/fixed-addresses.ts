import type { FixedAddress } from "@cluster-ipam/allocator";
import { IpamError } from "@cluster-ipam/errors";
import { formatAddress, parseAddress, parseCidr } from "@cluster-ipam/ip";
import { badValue } from "./section-value.ts";

/** The places where a pod can ask for addresses of its own choice. */
export interface FixedAddressSources {
  /** `runtimeConfig.ips` (capability "ips"). */
  readonly requestedIps: readonly string[];
  /** `args.cni.ips` of the network configuration (the CNI conventions' older way). */
  readonly conventionIps: readonly unknown[];
  /** `IP` of CNI_ARGS, the oldest way. */
  readonly argument: string | undefined;
}

/**
 * Every fixed address that was asked for, once each. A prefix length may follow the address.
 *
 * @throws IpamError `bad-config` that names the source and the value
 */
export function readFixedAddresses(sources: FixedAddressSources): FixedAddress[] {
  const written = [
    ...sources.requestedIps.map((value, index) => ({ value, source: `runtimeConfig.ips[${index}]` })),
    ...sources.conventionIps.map((value, index) => ({ value, source: `args.cni.ips[${index}]` })),
    ...(sources.argument ?? "")
      .split(",")
      .filter((value) => value !== "")
      .map((value) => ({ value, source: "CNI_ARGS IP" })),
  ];
  const fixed = new Map<string, FixedAddress>();
  for (const { value, source } of written) {
    const read = readFixedAddress(value, source);
    const key = formatAddress(read.address);
    fixed.set(key, merge(fixed.get(key), read));
  }
  return [...fixed.values()];
}

function readFixedAddress(value: unknown, source: string): FixedAddress {
  const text = typeof value === "string" ? value.trim() : "";
  const cidr = parseCidr(text);
  if (cidr !== undefined) {
    const { prefixLength, ...address } = cidr;
    return { address, prefixLength, source };
  }
  const address = parseAddress(text);
  if (address !== undefined) return { address, prefixLength: undefined, source };
  throw badValue(source, value, "expected an address such as 10.0.0.5 or 10.0.0.5/24");
}

/** One wish from two places: the one that says a prefix length stands. */
function merge(first: FixedAddress | undefined, second: FixedAddress): FixedAddress {
  if (first === undefined) return second;
  if (second.prefixLength === undefined || second.prefixLength === first.prefixLength) return first;
  if (first.prefixLength === undefined) return second;
  const text = formatAddress(first.address);
  throw new IpamError(
    "bad-config",
    `${text} is asked for as a /${first.prefixLength} (${first.source}) and as a /${second.prefixLength} (${second.source})`,
  );
}
