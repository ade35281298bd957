import { type RangeKeys, readRange } from "@cluster-ipam/allocator";
import type { PoolRange } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import { addressBits, type Cidr, firstOf, formatAddress, formatCidr, parseAddress } from "@cluster-ipam/ip";
import * as z from "zod";
import { type PlacedRange, refuseOverlaps } from "./range-overlap.ts";
import { type KnownKeys, normalizeKeys, type Section } from "./section-keys.ts";
import { badValue, readObject, readValue } from "./section-value.ts";

interface HostLocalRange extends PlacedRange {
  readonly range: PoolRange;
}

const KEYS: RangeKeys = { subnet: "subnet", start: "rangeStart", end: "rangeEnd", gateway: "gateway" };
const TOP_LEVEL_KEYS: readonly string[] = Object.values(KEYS);
/** No address is longer: eight groups of four digits. */
const address = z.string("expected an address").max(39, "expected an address").optional();
const rangeSchema = z.object({
  subnet: z.string("expected a CIDR such as 10.0.0.0/24").max(43, "expected a CIDR such as 10.0.0.0/24"),
  rangeStart: address,
  rangeEnd: address,
  gateway: address,
});

/** Keys by which a section is host-local's. */
export const HOST_LOCAL_RANGE_KEYS: readonly string[] = ["ranges", KEYS.subnet, KEYS.start, KEYS.end];
/** Keys of host-local at the top level of a section. */
export const HOST_LOCAL_KEYS: KnownKeys = { used: ["ranges", ...TOP_LEVEL_KEYS], ignored: ["dataDir"] };

/** Keys of one range in `ranges`. */
export const RANGE_KEYS: KnownKeys = { used: TOP_LEVEL_KEYS, ignored: [] };

function rangeKeysIn(section: Section): string[] {
  return HOST_LOCAL_KEYS.used.filter((key) => key in section && !isEmpty(key, section[key]));
}

/** Templates write "" for a key that they have no value for; host-local takes it as absent, but for the subnet. */
function isEmpty(key: string, value: unknown): boolean {
  return value === "" && key !== KEYS.subnet;
}

/** Keys at the top level without a subnet there: beside `ranges` they mean nothing, to host-local neither. */
export function idleRangeKeysIn(section: Section): string[] {
  const keys = rangeKeysIn(section);
  return keys.includes("ranges") && !keys.includes(KEYS.subnet) ? keys.filter((key) => key !== "ranges") : [];
}

/**
 * The range sets of a host-local section: the range at its top level first, then `ranges`, as host-local 1.9 does.
 * A range without a gateway, or with "", has its subnet's first address for one.
 *
 * @throws IpamError `bad-config`
 */
export function readHostLocalSets(section: Section): PoolRange[][] {
  const { ranges = [] } = section;
  if (!Array.isArray(ranges)) throw notASet("ipam.ranges", ranges);
  const idle = idleRangeKeysIn(section);
  const top = rangeKeysIn(section).filter((key) => key !== "ranges" && !idle.includes(key));
  const sets = ranges.map((set: unknown, index) => readSet(set, `ipam.ranges[${index}]`));
  if (top.length > 0) sets.unshift([readHostLocalRange(section, "ipam")]);
  if (sets.length === 0) throw notASet("ipam.ranges", ranges);
  refuseOverlaps(sets.flat());
  return sets.map((set) => set.map(({ range }) => range));
}

function readSet(set: unknown, where: string): HostLocalRange[] {
  if (!Array.isArray(set) || set.length === 0) throw notASet(where, set);
  const ranges = set.map((range: unknown, index) => {
    const at = `${where}[${index}]`;
    const keys = readObject(range, at, "expected an object with subnet");
    return readHostLocalRange(normalizeKeys(keys, at, RANGE_KEYS).values, at);
  });
  const families = new Set(ranges.map(({ addresses }) => addresses.family));
  if (families.size > 1) throw new IpamError("bad-config", `${where} mixes IPv4 and IPv6: give each a set of its own`);
  return ranges;
}

function notASet(where: string, value: unknown): IpamError {
  return badValue(where, value, 'expected lists of ranges, [[{"subnet": "…"}], …]');
}

function readHostLocalRange(value: Section, where: string): HostLocalRange {
  const { subnet, rangeStart, rangeEnd, gateway } = readValue(rangeSchema, value, where);
  const written: PoolRange = {
    subnet,
    ...optional("start", rangeStart),
    ...optional("end", rangeEnd),
    ...optional("gateway", gateway),
    assign: "Any",
  };
  const { cidr, range: addresses } = readRange(written, where, KEYS);
  const implied = written.gateway === undefined ? firstHost(cidr) : {};
  return { range: canonical({ ...written, ...implied }, cidr), addresses, where };
}

function optional<K extends string>(key: K, value: string | undefined): { [P in K]?: string } {
  return (value === undefined || value === "" ? {} : { [key]: value }) as { [P in K]?: string };
}

function firstHost(cidr: Cidr): { readonly gateway?: string } {
  const hostBits = addressBits(cidr.family) - cidr.prefixLength;
  // A /31 or a single address has none to spare.
  if (hostBits < 2) return {};
  return { gateway: formatAddress({ family: cidr.family, value: firstOf(cidr) + 1n }) };
}

/** The same range with every address in its one canonical spelling. */
function canonical(range: PoolRange, cidr: Cidr): PoolRange {
  const entries = (["start", "end", "gateway"] as const).flatMap((key) => {
    const parsed = parseAddress(range[key] ?? "");
    return parsed === undefined ? [] : [[key, formatAddress(parsed)]];
  });
  return { ...range, subnet: formatCidr(cidr), ...Object.fromEntries(entries) };
}
