import type { NamedAddress } from "@cluster-ipam/allocator";
import { IpamError } from "@cluster-ipam/errors";
import {
  type Address,
  type Cidr,
  cidrContains,
  formatAddress,
  formatCidr,
  parseAddress,
  parseCidr,
} from "@cluster-ipam/ip";
import * as z from "zod";
import { type KnownKeys, normalizeKeys } from "./section-keys.ts";
import { badValue, readObject, readValue } from "./section-value.ts";

/** What `addresses` of a section holds, and the keys in it that have no meaning here. */
export interface AddressesReading {
  readonly named: readonly NamedAddress[];
  readonly ignoredKeys: readonly string[];
}

/** Keys of an entry of `addresses`. */
export const ADDRESS_KEYS: KnownKeys = { used: ["address", "gateway"], ignored: ["version"] };

const EXPECTED = "expected an address with the prefix length of its subnet, such as 10.0.0.5/24";
const entrySchema = z.object({
  address: z.string(EXPECTED),
  gateway: z.string("expected an address").optional(),
});

/**
 * Reads `addresses` of a section, as static and whereabouts have it.
 *
 * @throws IpamError `bad-config`
 */
export function readAddresses(value: unknown): AddressesReading {
  if (value === undefined) return { named: [], ignoredKeys: [] };
  if (!Array.isArray(value)) {
    throw badValue("ipam.addresses", value, 'expected a list of addresses, [{"address": "10.0.0.5/24"}]');
  }
  const entries = value.map((entry: unknown, index) => readEntry(entry, `ipam.addresses[${index}]`));
  return { named: entries.map(({ named }) => named), ignoredKeys: entries.flatMap(({ ignoredKeys }) => ignoredKeys) };
}

function readEntry(
  entry: unknown,
  where: string,
): { readonly named: NamedAddress; readonly ignoredKeys: readonly string[] } {
  const keys = readObject(entry, where, "expected an object with address");
  const { values, ignoredKeys } = normalizeKeys(keys, where, ADDRESS_KEYS);
  const { address, gateway = "" } = readValue(entrySchema, values, where);
  const cidr = readNamedCidr(address, `${where}.address`);
  const named = { cidr, gateway: readGateway(gateway, cidr, where), source: where };
  return { named, ignoredKeys: ignoredKeys.map((key) => `${where}.${key}`.replace("ipam.", "")) };
}

function readGateway(text: string, cidr: Cidr, where: string): Address | undefined {
  if (text === "") return undefined;
  const gateway = parseAddress(text);
  if (gateway?.family === cidr.family) return gateway;
  throw badValue(`${where}.gateway`, text, `expected an IPv${cidr.family} address, as ${formatCidr(cidr)} is`);
}

/**
 * Reads an address with the prefix length of its subnet.
 *
 * @throws IpamError `bad-config` that names `source`
 */
export function readNamedCidr(value: unknown, source: string): Cidr {
  const cidr = typeof value === "string" ? parseCidr(value.trim()) : undefined;
  // The kernel would make a default route of a /0, which nobody asked for.
  if (cidr === undefined || cidr.prefixLength === 0) throw badValue(source, value, EXPECTED);
  return cidr;
}

/**
 * `named` with the gateways of `GATEWAY` in CNI_ARGS, a list with commas: each goes to the addresses whose subnet
 * holds it.
 *
 * @throws IpamError `bad-config`
 */
export function withGateways(named: readonly NamedAddress[], argument: string | undefined): readonly NamedAddress[] {
  const gateways = splitArgument(argument).map((text) => {
    const gateway = parseAddress(text);
    if (gateway === undefined) throw badValue("CNI_ARGS GATEWAY", text, "expected an address such as 10.0.0.1");
    return gateway;
  });
  return named.map((entry) => {
    const gateway = gateways.findLast((candidate) => cidrContains(entry.cidr, candidate)) ?? entry.gateway;
    return { ...entry, gateway };
  });
}

/** The parts of a list in CNI_ARGS. */
export function splitArgument(argument: string | undefined): readonly string[] {
  const parts = (argument ?? "").split(",").map((part) => part.trim());
  return parts.filter((part) => part !== "");
}

/**
 * `named` with every address once: what two places say alike is one wish.
 *
 * @throws IpamError `bad-config` where two places give one address different subnets or gateways
 */
export function withoutRepeats(named: readonly NamedAddress[]): readonly NamedAddress[] {
  const kept = new Map<string, NamedAddress>();
  for (const entry of named) {
    const text = formatAddress(entry.cidr);
    const first = kept.get(text);
    if (first === undefined) kept.set(text, entry);
    else if (describe(first) !== describe(entry)) {
      throw new IpamError(
        "bad-config",
        `${text} is named twice, ${describe(first)} (${first.source}) and ${describe(entry)} (${entry.source}): keep one`,
      );
    }
  }
  return [...kept.values()];
}

function describe({ cidr, gateway }: NamedAddress): string {
  return `as a /${cidr.prefixLength} with ${gateway === undefined ? "no gateway" : `gateway ${formatAddress(gateway)}`}`;
}
