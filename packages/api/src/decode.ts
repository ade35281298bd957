import * as z from "zod";
import { type IPBlock, IPBlockSchema } from "./block-schema.ts";
import type { IPLease, IPLeaseSpec } from "./lease-schema.ts";
import { type IPPool, IPPoolSchema } from "./pool-schema.ts";

type TextField = {
  [Field in keyof IPLeaseSpec]-?: IPLeaseSpec[Field] extends string ? Field : never;
}[keyof IPLeaseSpec];

/** What every stored lease has, since the custom resource definition requires or defaults it. */
const LEASE_TEXT_FIELDS = [
  "address",
  "pool",
  "addressSpace",
  "network",
  "node",
  "holder",
  "containerID",
  "ifName",
] as const satisfies readonly TextField[];

/**
 * Takes an object of the API server's as a lease.
 *
 * The API server has held it to the definition already, so that only the fields that we rest on are looked at: this is
 * on the path of every ADD. The object itself is returned, with whatever else it holds, so that a PUT loses nothing.
 *
 * @throws TypeError naming the field, for anything that is not a lease.
 */
export function asIPLease(value: unknown): IPLease {
  const object = member(value, "lease");
  const metadata = member(object["metadata"], "lease.metadata");
  const spec = member(object["spec"], "lease.spec");
  if (typeof metadata["name"] !== "string") throw wrongField("lease.metadata.name", "a string");
  for (const field of LEASE_TEXT_FIELDS) {
    if (typeof spec[field] !== "string") throw wrongField(`lease.spec.${field}`, "a string");
  }
  if (typeof spec["prefixLength"] !== "number") throw wrongField("lease.spec.prefixLength", "a number");
  return value as IPLease;
}

/**
 * Takes an object of the API server's as a pool, with the defaults of its definition filled in.
 *
 * @throws TypeError naming the fields, for anything that is not a pool. Unknown fields are dropped: the result is for
 * reading, not for a PUT.
 */
export function asIPPool(value: unknown): IPPool {
  const parsed = IPPoolSchema.safeParse(value);
  if (!parsed.success) {
    throw new TypeError(`the API server's answer is not an IPPool: ${z.prettifyError(parsed.error)}`);
  }
  return parsed.data;
}

const RestrictedSchema = z.object({
  spec: z.object({
    addressSpace: z.string().catch(""),
    ranges: z.array(z.object({ subnet: z.string() })).catch([]),
    nodeSelector: z.unknown().optional(),
    namespaceSelector: z.unknown().optional(),
  }),
});

/** Addresses that a pool keeps for some nodes or namespaces. */
export interface RestrictedRanges {
  readonly addressSpace: string;
  /** The subnets of its ranges; [] where they cannot be told. */
  readonly subnets: readonly string[];
}

/**
 * What can be told of an object that {@link asIPPool} cannot take, as of a version to come: undefined where it has no
 * selector, and so keeps its addresses from nobody.
 */
export function asRestrictedRanges(value: unknown): RestrictedRanges | undefined {
  const { data } = RestrictedSchema.safeParse(value);
  if (data === undefined) return undefined;
  const { addressSpace, ranges, nodeSelector, namespaceSelector } = data.spec;
  if (nodeSelector === undefined && namespaceSelector === undefined) return undefined;
  return { addressSpace, subnets: ranges.map(({ subnet }) => subnet) };
}

/**
 * Takes an object of the API server's as a block, with the defaults of its definition filled in.
 *
 * @throws TypeError naming the fields, for anything that is not a block.
 */
export function asIPBlock(value: unknown): IPBlock {
  const parsed = IPBlockSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new TypeError(`the API server's answer is not an IPBlock: ${z.prettifyError(parsed.error)}`);
}

function member(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) throw wrongField(path, "an object");
  return value as Readonly<Record<string, unknown>>;
}

function wrongField(path: string, expected: string): TypeError {
  return new TypeError(`the API server's answer is not an IPLease: ${path} is not ${expected}`);
}
