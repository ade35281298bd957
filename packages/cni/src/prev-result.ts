import { IpamError } from "@cluster-ipam/errors";
import { isObject, type JsonObject, lookup, show } from "./json-object.ts";

/** An address of a prevResult, in CIDR notation as it came; not checked to be one. */
export interface PrevIp {
  readonly address: string;
  readonly family: 4 | 6;
}

/**
 * The addresses of a prevResult of any version: `ip4` and `ip6` up to 0.2.0, `ips` from 0.3.0. All of the pod's
 * addresses of that network are in it, those of other plugins of the chain included.
 *
 * @throws {IpamError} bad-config naming the key that cannot be read.
 */
export function parsePrevIps(prevResult: JsonObject): readonly PrevIp[] {
  const byFamily = ["ip4", "ip6"].flatMap((key) => {
    const entry = lookup(prevResult, key);
    return entry === undefined ? [] : [readIp(entry, `prevResult.${key}`, "ip")];
  });
  const ips = lookup(prevResult, "ips") ?? [];
  if (!Array.isArray(ips)) throw new IpamError("bad-config", `"prevResult.ips" is ${show(ips)}: expected a list`);
  return [...byFamily, ...ips.map((entry: unknown, at) => readIp(entry, `prevResult.ips[${at}]`, "address"))];
}

function readIp(entry: unknown, place: string, key: string): PrevIp {
  const address = isObject(entry) ? lookup(entry, key) : undefined;
  if (typeof address === "string") return { address, family: address.includes(":") ? 6 : 4 };
  throw new IpamError("bad-config", `"${place}.${key}" is ${show(address)}: expected an address in CIDR notation`);
}
