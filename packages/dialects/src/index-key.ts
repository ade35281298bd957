import type { IPPoolSpec, Strategy } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import { type Cidr, parseCidr } from "@cluster-ipam/ip";
import * as z from "zod";
import { type KnownKeys, normalizeKeys, type Section } from "./section-keys.ts";
import { badValue, readObject, readValue } from "./section-value.ts";

/** What the pod's number is added to: the node's own addresses, those of its kernel command line, or this one. */
export type IndexBase = "node" | "cmdline" | Cidr;

/** `ipam.index`: the pod's number, or how it is found and what it is added to. */
export type IndexKey =
  | { readonly kind: "number"; readonly number: bigint }
  | { readonly kind: "rule"; readonly base: IndexBase | undefined; readonly pattern: string | undefined };

/** Keys of `index` where it is an object. */
export const INDEX_KEYS: KnownKeys = { used: ["base", "pattern"], ignored: [] };

const STRATEGIES: readonly Strategy[] = ["Spread", "Sequential", "Index"];
/** As long as an IPPool takes. */
const PATTERN_MAX_LENGTH = 128;
const EXPECTED_INDEX = 'expected a whole number, or an object such as {"base": "node", "pattern": "web-([0-9]+)"}';
const EXPECTED_BASE = 'expected "node", "cmdline" or an address with its prefix length, such as 10.0.0.5/24';
const EXPECTED_PATTERN = "expected a regular expression with one group for the number, such as web-([0-9]+)";
const ruleSchema = z.object({
  base: z.string(EXPECTED_BASE).optional(),
  pattern: z
    .string(EXPECTED_PATTERN)
    .max(PATTERN_MAX_LENGTH, { error: `expected at most ${PATTERN_MAX_LENGTH} characters`, abort: true })
    .refine(hasGroup, EXPECTED_PATTERN)
    .optional(),
});

/** Whether `pattern` is a regular expression with a group. */
function hasGroup(pattern: string): boolean {
  try {
    // With nothing as an alternative it matches always, and tells how many groups there are.
    return (new RegExp(`${pattern}|`).exec("")?.length ?? 0) > 1;
  } catch {
    return false;
  }
}

/**
 * Reads `ipam.index`; undefined when it is absent.
 *
 * @throws IpamError `bad-config`
 */
export function readIndexKey(value: unknown): IndexKey | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "number" && Number.isSafeInteger(value)) return { kind: "number", number: BigInt(value) };
  const keys = readObject(value, "ipam.index", EXPECTED_INDEX);
  const { base, pattern } = readValue(ruleSchema, normalizeKeys(keys, "ipam.index", INDEX_KEYS).values, "ipam.index");
  return { kind: "rule", base: readBase(base), pattern };
}

function readBase(text: string | undefined): IndexBase | undefined {
  if (text === undefined || text === "") return undefined;
  const word = text.toLowerCase();
  if (word === "node" || word === "cmdline") return word;
  const cidr = parseCidr(text);
  if (cidr === undefined || cidr.prefixLength === 0) throw badValue("ipam.index.base", text, EXPECTED_BASE);
  return cidr;
}

/** How an address of the section's ranges is chosen. */
export interface InlineStrategy {
  readonly strategy: Strategy;
  readonly index: IPPoolSpec["index"];
  readonly podNumber: bigint | undefined;
}

/**
 * How a section with ranges chooses among them: `strategy`, in any letter case. An `index` asks for strategy Index.
 *
 * @throws IpamError `bad-config`
 */
export function readInlineStrategy(section: Section): InlineStrategy {
  const written = readStrategy(section["strategy"]);
  const index = readIndexKey(section["index"]);
  const strategy = written ?? (index === undefined ? "Spread" : "Index");
  if (index === undefined) return { strategy, index: undefined, podNumber: undefined };
  if (strategy !== "Index") {
    throw new IpamError(
      "bad-config",
      `ipam.index and ipam.strategy ${strategy} choose addresses in two ways: keep one`,
    );
  }
  if (index.kind === "number") return { strategy, index: undefined, podNumber: countedNumber(index.number) };
  return { strategy, index: poolIndex(index), podNumber: undefined };
}

function readStrategy(value: unknown): Strategy | undefined {
  if (value === undefined || value === "") return undefined;
  const strategy = STRATEGIES.find((name) => typeof value === "string" && name.toLowerCase() === value.toLowerCase());
  if (strategy === undefined) throw badValue("ipam.strategy", value, "expected Spread, Sequential or Index");
  return strategy;
}

function poolIndex({ base, pattern }: Extract<IndexKey, { kind: "rule" }>): NonNullable<IPPoolSpec["index"]> {
  if (base === undefined || base === "node") {
    return { base: base === "node" ? "Node" : "Start", ...(pattern === undefined ? {} : { pattern }) };
  }
  const shown = base === "cmdline" ? base : "an address";
  throw new IpamError(
    "bad-config",
    `ipam.index.base is ${shown}, and the section has ranges: expected "node", or no base to count from their start`,
  );
}

/**
 * The pod's number of a section that names pools: all that `index` can say there.
 *
 * @throws IpamError `bad-config` for a rule, which is the pool's own, and for a strategy
 */
export function readPodNumber(section: Section): bigint | undefined {
  const index = readIndexKey(section["index"]);
  if (index === undefined) return undefined;
  if (index.kind === "number") return countedNumber(index.number);
  throw badValue("ipam.index", section["index"], "expected a number; base and pattern are spec.index of the IPPool");
}

/** Strategy Index counts from the start of the ranges, which is number 0. */
function countedNumber(number: bigint): bigint {
  if (number >= 0n) return number;
  throw badValue("ipam.index", Number(number), "expected 0 or more");
}

/**
 * Refuses a `strategy` in a section that has no ranges to choose from.
 *
 * @param place says where it belongs
 * @throws IpamError `bad-config`
 */
export function refuseStrategy(section: Section, place: string): void {
  const strategy = readStrategy(section["strategy"]);
  if (strategy === undefined) return;
  throw badValue("ipam.strategy", section["strategy"], place);
}
