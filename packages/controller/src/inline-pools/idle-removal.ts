import type { LeaseStore, LeaseVersion, PoolStatusStore } from "@cluster-ipam/allocator";
import type { IPPool } from "@cluster-ipam/api";
import type { ToldOnce } from "../garbage/told-once.ts";

/** An inline pool that nobody uses. */
export type IdlePool = LeaseVersion;

/** Where a removal tells what it has found and done. */
export interface IdleJournal {
  /** The pool is removed, or would be in a dry run. */
  poolRemoved(pool: IdlePool, idleMs: number): void;
  failed(what: string, error: unknown): void;
}

/** What the removal of idle pools works with. */
export interface IdleRemovalOptions {
  readonly names: Pick<LeaseStore, "listNames">;
  readonly store: Pick<PoolStatusStore, "delete">;
  readonly journal: IdleJournal;
  /** For how long they had no lease. */
  readonly idleMs: number;
  readonly pause: (signal: AbortSignal) => Promise<void>;
  readonly isDryRun: boolean;
  readonly told: ToldOnce;
}

/**
 * Removes pools of inline ranges, those of which a live list shows no lease, each at the version that was looked at. An
 * agent that comes just then gives out an address all the same, and makes the pool again.
 */
export async function removeIdlePools(
  idle: readonly IPPool[],
  options: IdleRemovalOptions,
  signal: AbortSignal,
): Promise<void> {
  const { journal, told, isDryRun, pause } = options;
  const pools = idle.filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(versionOf);
  told.retain(new Set(pools.map(({ uid }) => uid)));
  for (const pool of pools) {
    if (signal.aborted) return;
    if (isDryRun && told.has(pool.uid)) continue;
    await removeOne(pool, options, signal).catch((error: unknown) => {
      journal.failed(`removal of pool ${pool.name}`, error);
    });
    await pause(signal);
  }
}

async function removeOne(pool: IdlePool, options: IdleRemovalOptions, signal: AbortSignal): Promise<void> {
  const { names, store, journal, isDryRun, told, idleMs } = options;
  if ((await names.listNames(pool.name, signal)).length > 0) return;
  if (isDryRun) told.add(pool.uid);
  else {
    const outcome = await store.delete(pool);
    if (outcome.kind === "unknown") throw outcome.cause;
    if (outcome.kind !== "deleted") return;
  }
  journal.poolRemoved(pool, idleMs);
}

function versionOf({ metadata: { name, uid = "", resourceVersion = "" } }: IPPool): IdlePool {
  return { name, uid, resourceVersion };
}
