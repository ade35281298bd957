import type { AllocationRequest, PoolChoice } from "@cluster-ipam/allocator";
import { IpamError } from "@cluster-ipam/errors";
import * as z from "zod";
import { readAddressSpace } from "./address-space.ts";
import { type FixedAddressSources, readFixedAddresses } from "./fixed-addresses.ts";
import { HOST_LOCAL_RANGE_KEYS, idleRangeKeysIn, rangeKeysIn, readHostLocalSets } from "./host-local.ts";
import { type Dns, parseResolvConf } from "./resolv-conf.ts";
import { readRoutes } from "./routes.ts";
import { type KnownKeys, normalizeKeys } from "./section-keys.ts";
import { badValue, readObject, readValue, withoutUndefined } from "./section-value.ts";

/** One call's ipam section and the other places that bear on it. */
export interface SectionInput {
  readonly ipam: Readonly<Record<string, unknown>>;
  readonly fixed: FixedAddressSources;
  /** Reads a file of the node, for host-local's `resolvConf`. */
  readonly readFile: (path: string) => string;
}

/** What a section asks for, and its keys that have no meaning here. */
export interface SectionReading {
  readonly request: AllocationRequest;
  readonly ignoredKeys: readonly string[];
}

/** Keys of an ipam section. */
export const SECTION_KEYS: KnownKeys = {
  used: ["type", "pool", "pools", "addressSpace", "routes", "dns", "resolvConf", ...HOST_LOCAL_RANGE_KEYS],
  ignored: ["dataDir"],
};
/** Keys of the section's `dns`. */
export const DNS_KEYS: KnownKeys = { used: ["nameservers", "domain", "search", "options"], ignored: [] };

/** A DNS subdomain (RFC 1123), as every name of a Kubernetes object is; nothing else may get into a request's path. */
const POOL_NAME = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
/** PATH_MAX of Linux. */
const PATH_MAX_LENGTH = 4096;
const name = z.string("expected the name of an IPPool").regex(POOL_NAME, "expected the name of an IPPool");
const names = z
  .array(name, "expected a list of names of IPPools")
  .min(1, "expected at least one name")
  .refine((list) => new Set(list).size === list.length, "expected each name once");
const filePath = z.string("expected the path of a file").max(PATH_MAX_LENGTH, "expected the path of a file");
const words = z.array(z.string("expected text"), "expected a list of texts").optional();
const dnsSchema = z.object({
  nameservers: words,
  domain: z.string("expected text").optional(),
  search: words,
  options: words,
});

/**
 * Reads an ipam section: the native one, or host-local's. Keys in any letter case.
 *
 * @throws IpamError `bad-config` that names key, value and what is expected
 *
 * @example
 * readIpamSection({ ipam: { type: "cluster-ipam", pool: "blue" }, fixed, readFile }).request.choice
 * // { kind: "named", names: ["blue"] }
 */
export function readIpamSection({ ipam, fixed, readFile }: SectionInput): SectionReading {
  const { values, ignoredKeys } = normalizeKeys(ipam, "ipam", SECTION_KEYS);
  const request: AllocationRequest = {
    choice: readChoice(values),
    fixed: readFixedAddresses(fixed),
    routes: values["routes"] === undefined ? undefined : readRoutes(values["routes"], "ipam.routes"),
    dns: readDns(values, readFile),
  };
  return { request, ignoredKeys: [...ignoredKeys, ...idleRangeKeysIn(values)] };
}

function readChoice(values: Readonly<Record<string, unknown>>): PoolChoice {
  const poolKeys = ["pool", "pools"].filter((key) => key in values);
  const rangeKeys = rangeKeysIn(values);
  const [first, second] = [...poolKeys, ...rangeKeys];
  if (poolKeys.length > 0 && second !== undefined) {
    throw new IpamError("bad-config", `ipam.${first} and ipam.${second} both say where addresses come from: keep one`);
  }
  const addressSpace = readAddressSpace(values["addressSpace"], "ipam.addressSpace");
  if (rangeKeys.length > 0) return { kind: "inline", sets: readHostLocalSets(values), addressSpace };
  if (addressSpace !== "") {
    const expected = "only ranges in the ipam section take one, a pool has its own";
    throw new IpamError("bad-config", `ipam.addressSpace is "${addressSpace}": ${expected}`);
  }
  if ("pool" in values) return { kind: "named", names: [readValue(name, values["pool"], "ipam.pool")] };
  if ("pools" in values) return { kind: "named", names: readValue(names, values["pools"], "ipam.pools") };
  return { kind: "network" };
}

function readDns(
  { dns, resolvConf = "" }: Readonly<Record<string, unknown>>,
  readFile: SectionInput["readFile"],
): Dns | undefined {
  if (dns !== undefined && resolvConf !== "") {
    throw new IpamError("bad-config", "ipam.dns and ipam.resolvConf both say which DNS servers there are: keep one");
  }
  if (dns !== undefined) return readDnsSection(dns);
  return resolvConf === "" ? undefined : readResolvConf(resolvConf, readFile);
}

function readDnsSection(dns: unknown): Dns {
  const keys = readObject(dns, "ipam.dns", "expected an object with nameservers");
  return withoutUndefined(readValue(dnsSchema, normalizeKeys(keys, "ipam.dns", DNS_KEYS).values, "ipam.dns"));
}

function readResolvConf(resolvConf: unknown, readFile: SectionInput["readFile"]): Dns {
  const path = readValue(filePath, resolvConf, "ipam.resolvConf");
  try {
    return parseResolvConf(readFile(path));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw badValue("ipam.resolvConf", path, `it cannot be read on this node (${reason})`, cause);
  }
}
