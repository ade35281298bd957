import type { PoolRange } from "@cluster-ipam/api";
import { type Address, cidrContains, formatAddress, parseAddress } from "@cluster-ipam/ip";
import { type KnownKeys, normalizeKeys, type Section } from "./section-keys.ts";
import { badValue, readObject } from "./section-value.ts";
import { decimal, readWhereaboutsRange, WHEREABOUTS_ENTRY_KEYS, type WhereaboutsRange } from "./whereabouts-range.ts";

/** Ranges of a whereabouts section, and its keys that mean nothing beside the others. */
export interface WhereaboutsReading {
  /** One range each. */
  readonly sets: readonly (readonly PoolRange[])[];
  readonly idleKeys: readonly string[];
}

/** Keys by which a section is whereabouts'. */
export const WHEREABOUTS_RANGE_KEYS: readonly string[] = [...WHEREABOUTS_ENTRY_KEYS.used, "ipRanges"];
/** Keys of whereabouts at the top level of a section. */
export const WHEREABOUTS_KEYS: KnownKeys = {
  used: [
    ...WHEREABOUTS_RANGE_KEYS,
    "gateway",
    "addresses",
    "network_name",
    "enable_overlapping_ranges",
    "node_slice_size",
  ],
  ignored: [
    "kubernetes",
    "datastore",
    "etcd_host",
    "etcd_username",
    "etcd_password",
    "etcd_key_file",
    "etcd_cert_file",
    "etcd_ca_cert_file",
    "leader_lease_duration",
    "leader_renew_deadline",
    "leader_retry_period",
    "log_file",
    "log_level",
    "reconciler_cron_expression",
    "sleep_for_race",
    "configuration_path",
  ],
};

/** An address of IPv4 may have leading zeros, but not without end. */
const ADDRESS_LENGTH = 64;

/**
 * The range sets of a whereabouts section: the range at its top level first, then those of `ipRanges`; each gives one
 * address (whereabouts 0.9, pkg/config).
 *
 * @throws IpamError `bad-config`
 */
export function readWhereaboutsSets(section: Section): WhereaboutsReading {
  const { ipRanges = [] } = section;
  if (!Array.isArray(ipRanges))
    throw badValue("ipam.ipRanges", ipRanges, 'expected a list of ranges, [{"range": "…"}]');
  const isTopIdle = (section["range"] ?? "") === "" && ipRanges.length > 0;
  const top = isTopIdle ? [] : [readWhereaboutsRange(section, "ipam")];
  const ranges = [...top, ...ipRanges.map((entry: unknown, index) => readEntry(entry, `ipam.ipRanges[${index}]`))];
  const idleKeys = isTopIdle ? WHEREABOUTS_ENTRY_KEYS.used.filter((key) => (section[key] ?? "") !== "") : [];
  const sets = withGateway(ranges, section["gateway"]).map((range) => [range]);
  return { sets, idleKeys: [...idleKeys, ...ranges.flatMap((range) => range.idleKeys)] };
}

function readEntry(entry: unknown, where: string): WhereaboutsRange {
  const keys = readObject(entry, where, "expected an object with range");
  return readWhereaboutsRange(normalizeKeys(keys, where, WHEREABOUTS_ENTRY_KEYS).values, where);
}

/** The gateway on the ranges whose subnet holds it, or, where none does, on all of its family; never on another. */
function withGateway(ranges: readonly WhereaboutsRange[], value: unknown): PoolRange[] {
  if (value === undefined || value === "") return ranges.map(({ range }) => range);
  const gateway = readGateway(value);
  const ofFamily = ranges.filter(({ cidr }) => cidr.family === gateway.family);
  if (ofFamily.length === 0) {
    throw badValue(
      "ipam.gateway",
      value,
      `expected an address of a family that the ranges have, not IPv${gateway.family}`,
    );
  }
  const holding = ofFamily.filter(({ cidr }) => cidrContains(cidr, gateway));
  const served = new Set(holding.length > 0 ? holding : ofFamily);
  const text = formatAddress(gateway);
  return ranges.map((written) => (served.has(written) ? { ...written.range, gateway: text } : written.range));
}

function readGateway(value: unknown): Address {
  const gateway =
    typeof value === "string" && value.length <= ADDRESS_LENGTH ? parseAddress(decimal(value)) : undefined;
  if (gateway === undefined) throw badValue("ipam.gateway", value, "expected an address such as 10.0.0.1");
  return gateway;
}
