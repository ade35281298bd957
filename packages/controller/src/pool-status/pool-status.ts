import type { Condition, IPPoolStatus } from "@cluster-ipam/api";
import type { LeaseFact } from "../leases/lease-fact.ts";
import type { LeaseTable } from "../leases/lease-table.ts";
import type { StrayLeases } from "../leases/stray-leases.ts";
import type { PoolFact, PoolTable } from "../pools/pool-table.ts";
import type { HeldPools } from "./held-pools.ts";
import { conditionsOf } from "./pool-conditions.ts";
import { countPool } from "./pool-count.ts";

/** What the status of a pool follows from. */
export interface StatusBasis {
  readonly pools: PoolTable;
  readonly leases: LeaseTable;
  readonly strays: Pick<StrayLeases, "all">;
  /** From this share of the capacity on a pool is nearly full, in percent. */
  readonly nearlyFullPercent: number;
  readonly held: Pick<HeldPools, "of">;
}

/**
 * The status that a pool should have now.
 *
 * @param now when a condition that changes has changed, RFC 3339
 */
export function statusOf(fact: PoolFact, basis: StatusBasis, now: string): IPPoolStatus {
  const { pool, sets, fault } = fact;
  const { name, generation = 0 } = pool.metadata;
  const overlapping = basis.pools.overlapping(name);
  const count = countPool(name, sets, leasesWithin(name, overlapping, basis));
  const before = pool.status?.conditions ?? [];
  const { nearlyFullPercent } = basis;
  const servesAny = sets.some(({ open }) => open.size > 0n);
  const findings = { generation, count, servesAny, fault, overlapping, nearlyFullPercent, held: basis.held.of(name) };
  return {
    capacity: String(count.capacity),
    used: String(count.used),
    reserved: String(count.reserved),
    kept: String(count.kept),
    free: String(count.free),
    outside: String(count.outside),
    observedGeneration: generation,
    conditions: [...conditionsOf(findings, before, now)],
  };
}

/** Whether two statuses say the same, whenever their conditions began. */
export function isSameStatus(a: IPPoolStatus | undefined, b: IPPoolStatus): boolean {
  if (a === undefined) return false;
  const { conditions: ofA = [], ...countsOfA } = a;
  const { conditions: ofB = [], ...countsOfB } = b;
  return isSameRecord(countsOfA, countsOfB) && isSameConditions(ofA, ofB);
}

/** Whether two lists of conditions say the same; their counts may be told in their messages. */
export function isSameConditions(a: readonly Condition[], b: readonly Condition[]): boolean {
  const find = (type: string): Condition | undefined => a.find((condition) => condition.type === type);
  return a.length === b.length && b.every((condition) => isSameRecord(find(condition.type) ?? {}, condition));
}

function isSameRecord(a: object, b: object): boolean {
  const [entriesOfA, entriesOfB] = [a, b].map((record) => new Map(Object.entries(record)));
  if (entriesOfA?.size !== entriesOfB?.size) return false;
  return [...(entriesOfA ?? [])].every(([key, value]) => entriesOfB?.get(key) === value);
}

/** Leases that may hold an address of the pool: its own, those of pools that overlap it, and those astray. */
function* leasesWithin(
  name: string,
  overlapping: readonly string[],
  { leases, strays }: StatusBasis,
): Iterable<LeaseFact> {
  const counted = new Set([name, ...overlapping]);
  for (const pool of counted) yield* leases.ofPool(pool);
  for (const lease of strays.all()) if (!counted.has(lease.pool)) yield lease;
}
