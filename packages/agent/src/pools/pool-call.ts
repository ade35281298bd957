import type { RangeSet } from "@cluster-ipam/allocator";
import type { IPLease } from "@cluster-ipam/api";
import { parseAddress } from "@cluster-ipam/ip";
import type { FactsCache } from "../server-facts/facts-cache.ts";
import type { PoolCache } from "../server-facts/pool-cache.ts";

/** Whether ipam sections may bring ranges and addresses of their own. */
export const INLINE_POLICIES = ["allow", "deny"] as const;

/** One of {@link INLINE_POLICIES}. */
export type InlinePolicy = (typeof INLINE_POLICIES)[number];

/** What decides about the pools of a call, beside its ipam section. */
export interface PoolCall {
  readonly network: string;
  /** Namespace of the pod; undefined for a call without one. */
  readonly namespace: string | undefined;
  /**
   * What the attachment has already, as far as memory knows. Whom a pool serves was decided when it gave these: a
   * repeated ADD is answered from them, whatever selectors and labels say by now.
   */
  readonly held: readonly IPLease[];
  readonly pools: PoolCache;
  readonly facts: FactsCache;
  readonly inlinePools: InlinePolicy;
  readonly signal: AbortSignal;
}

/** Whether the attachment has an address of the pool already. */
export function hasFromPool({ held }: Pick<PoolCall, "held">, pool: string): boolean {
  return held.some(({ spec }) => spec.pool === pool);
}

/** Whether the attachment has an address of the set already, or of its pool. */
export function hasFromSet(call: Pick<PoolCall, "held">, set: RangeSet): boolean {
  if (set.pool !== "" && hasFromPool(call, set.pool)) return true;
  return call.held.some(({ spec }) => {
    const address = parseAddress(spec.address);
    return address !== undefined && spec.addressSpace === set.addressSpace && set.addresses.has(address);
  });
}
