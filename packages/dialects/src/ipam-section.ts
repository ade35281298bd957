import type { AllocationRequest } from "@cluster-ipam/allocator";
import { type AddressInput, readAddressSource } from "./address-source.ts";
import { readAddressSpace } from "./address-space.ts";
import { readDns } from "./dns.ts";
import { HOST_LOCAL_KEYS } from "./host-local.ts";
import { INDEX2IP_KEYS } from "./index2ip.ts";
import { readRoutes } from "./routes.ts";
import { type KnownKeys, normalizeKeys } from "./section-keys.ts";
import { badValue } from "./section-value.ts";
import { STATIC_KEYS } from "./static.ts";
import { WHEREABOUTS_KEYS } from "./whereabouts.ts";

/** One call's ipam section and the other places that bear on it. */
export interface SectionInput extends AddressInput {
  readonly ipam: Readonly<Record<string, unknown>>;
  /** The network's name: an address space of its own bears it. */
  readonly network: string;
  /** Reads a file of the node, for host-local's `resolvConf`. */
  readonly readFile: (path: string) => string;
}

/** What a section asks for, and its keys that have no meaning here. */
export interface SectionReading {
  readonly request: AllocationRequest;
  readonly ignoredKeys: readonly string[];
}

/** Keys that mean the same in every dialect. */
export const SHARED_KEYS: KnownKeys = {
  used: ["type", "pool", "pools", "addressSpace", "strategy", "routes", "dns", "resolvConf"],
  ignored: ["name"],
};

const DIALECT_KEYS: readonly KnownKeys[] = [SHARED_KEYS, HOST_LOCAL_KEYS, WHEREABOUTS_KEYS, STATIC_KEYS, INDEX2IP_KEYS];
const SECTION_KEYS: KnownKeys = {
  used: [...new Set(DIALECT_KEYS.flatMap(({ used }) => used))],
  ignored: [...new Set(DIALECT_KEYS.flatMap(({ ignored }) => ignored))],
};

/**
 * Reads an ipam section: the native one, or that of host-local, whereabouts, static or index2ip, told apart by its
 * keys. Keys in any letter case.
 *
 * @throws IpamError `bad-config` that names key, value and what is expected; `bad-index` where index2ip's rules give no
 * address
 *
 * @example
 * readIpamSection({ ipam: { type: "cluster-ipam", pool: "blue" }, … }).request.choice
 * // { kind: "named", names: ["blue"] }
 */
export function readIpamSection(input: SectionInput): SectionReading {
  const { values, ignoredKeys } = normalizeKeys(input.ipam, "ipam", SECTION_KEYS);
  const { routes, dns, idleKeys, ...source } = readAddressSource(values, input);
  const space = readAddressSpace(values, input.network);
  const isOfPool = source.choice.kind === "named" || source.choice.kind === "network";
  if (isOfPool && space.key !== undefined) {
    const expected = "only ranges and addresses in the ipam section take an address space, a pool has its own";
    throw badValue(`ipam.${space.key}`, values[space.key], expected);
  }
  const request: AllocationRequest = {
    ...source,
    addressSpace: space.addressSpace,
    routes: values["routes"] === undefined ? routes : readRoutes(values["routes"], "ipam.routes"),
    dns: readDns(values, input.readFile) ?? dns,
  };
  return { request, ignoredKeys: [...ignoredKeys, ...idleKeys] };
}
