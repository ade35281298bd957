import { type RangeKeys, readRange } from "@cluster-ipam/allocator";
import type { PoolRange } from "@cluster-ipam/api";
import {
  AddressSet,
  type Cidr,
  cidrContains,
  formatAddress,
  formatCidr,
  formatRange,
  networkOf,
  parseAddress,
  parseCidr,
  parseSpan,
  rangeOfCidr,
} from "@cluster-ipam/ip";
import * as z from "zod";
import type { KnownKeys, Section } from "./section-keys.ts";
import { badValue, readValue } from "./section-value.ts";

/** One range of whereabouts, read. */
export interface WhereaboutsRange {
  /** Its network. */
  readonly cidr: Cidr;
  readonly range: PoolRange;
  /** Keys that mean nothing beside the others. */
  readonly idleKeys: readonly string[];
}

/** Keys of one range of whereabouts, at the top level or in `ipRanges`. */
export const WHEREABOUTS_ENTRY_KEYS: KnownKeys = {
  used: ["range", "range_start", "range_end", "exclude"],
  ignored: [],
};

const KEYS: RangeKeys = { subnet: "range", start: "range_start", end: "range_end", gateway: "gateway" };
/** Two addresses with leading zeros, "-", "/" and a length. */
const TEXT_LENGTH = 128;
/** An IPPool takes no more. */
const EXCLUDE_MAX_ITEMS = 64;
const EXPECTED_RANGE = "expected a CIDR such as 10.0.0.0/24, or 10.0.0.5-10.0.0.9/24";
const EXPECTED_EXCLUDE = "expected an address, a CIDR or a span such as 10.0.0.3-10.0.0.9";
const address = z.string("expected an address").max(TEXT_LENGTH, "expected an address").optional();
const rangeSchema = z.object({
  range: z.string(EXPECTED_RANGE).max(TEXT_LENGTH, EXPECTED_RANGE),
  range_start: address,
  range_end: address,
  exclude: z
    .array(z.string(EXPECTED_EXCLUDE).max(TEXT_LENGTH, EXPECTED_EXCLUDE), "expected a list of addresses and CIDRs")
    .optional(),
});

/**
 * Reads one range of whereabouts. `where` leads the messages.
 *
 * @throws IpamError `bad-config`
 */
export function readWhereaboutsRange(value: Section, where: string): WhereaboutsRange {
  const { range: text, range_start, range_end, exclude = [] } = readValue(rangeSchema, value, where);
  const bounds = { ...optional("start", range_start), ...optional("end", range_end) };
  const span = readRangeText(text, where);
  const subnet = formatCidr(span.cidr);
  const written: PoolRange = { subnet, ...(span.bounds ?? bounds), assign: "Any" };
  // Checks the bounds; those of a span have been checked as a whole.
  readRange(written, where, KEYS);
  const excluded = readExclude(exclude, span.cidr, where);
  const range = excluded.length === 0 ? written : { ...written, exclude: excluded };
  // The span says both bounds; whereabouts reads these keys over it.
  const idleKeys = span.bounds === undefined ? [] : [KEYS.start, KEYS.end].filter((key) => (value[key] ?? "") !== "");
  return { cidr: span.cidr, range, idleKeys: idleKeys.map((key) => `${where}.${key}`.replace("ipam.", "")) };
}

/** A bound in its canonical spelling; where it is no address it stays as it is, for the message. */
function optional<K extends string>(key: K, text: string | undefined): { [P in K]?: string } {
  if (text === undefined || text === "") return {};
  const bound = parseAddress(decimal(text));
  return { [key]: bound === undefined ? text : formatAddress(bound) } as { [P in K]: string };
}

/** `network/length`, whose host bits mean nothing to whereabouts, or `first-last/length`. */
function readRangeText(
  text: string,
  where: string,
): { readonly cidr: Cidr; readonly bounds?: Pick<PoolRange, "start" | "end"> } {
  const [first, second] = splitOnce(decimal(text), "-");
  const cidr = parseCidr(second ?? first);
  if (cidr === undefined) throw badValue(`${where}.range`, text, EXPECTED_RANGE);
  if (second === undefined) return { cidr: networkOf(cidr) };
  const start = parseAddress(first);
  const network = networkOf(cidr);
  if (start === undefined) throw badValue(`${where}.range`, text, EXPECTED_RANGE);
  if (!cidrContains(network, start)) {
    throw badValue(`${where}.range`, text, `expected a first address inside ${formatCidr(network)}`);
  }
  if (start.value > cidr.value) {
    throw badValue(`${where}.range`, text, "expected a first address that is not after the last one");
  }
  return { cidr: network, bounds: { start: formatAddress(start), end: formatAddress(cidr) } };
}

function splitOnce(text: string, separator: string): readonly [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

/** IPv4 without leading zeros: to whereabouts they mean nothing, and what follows them is decimal. */
export function decimal(text: string): string {
  return text.includes(":") ? text : text.replace(/(^|[.-])0+(?=\d)/g, "$1");
}

/**
 * The excluded addresses inside the subnet, as an IPPool takes them: sorted, merged, without host bits. whereabouts
 * lets an entry reach beyond the subnet, a pool does not.
 */
function readExclude(exclude: readonly string[], cidr: Cidr, where: string): readonly string[] {
  const subnet = rangeOfCidr(cidr);
  const spans = exclude.map((text, index) => {
    const span = parseSpan(text);
    if (span === undefined) throw badValue(`${where}.exclude[${index}]`, text, EXPECTED_EXCLUDE);
    if (span.family === cidr.family) return span;
    throw badValue(
      `${where}.exclude[${index}]`,
      text,
      `expected an IPv${cidr.family} address, as ${formatCidr(cidr)} is`,
    );
  });
  const clipped = spans.map(({ family, first, last }) => ({
    family,
    first: first > subnet.first ? first : subnet.first,
    last: last < subnet.last ? last : subnet.last,
  }));
  const merged = AddressSet.of(cidr.family, clipped).ranges.map(formatRange);
  if (merged.length <= EXCLUDE_MAX_ITEMS) return merged;
  throw badValue(
    `${where}.exclude`,
    exclude,
    `expected at most ${EXCLUDE_MAX_ITEMS} separate parts, not ${merged.length}`,
  );
}
