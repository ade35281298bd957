import type { PoolStatusStore } from "@cluster-ipam/allocator";
import type { Condition, IPPool, IPPoolStatus } from "@cluster-ipam/api";
import type { Logger } from "@cluster-ipam/telemetry";
import type { PoolFact } from "../pools/pool-table.ts";
import { changedConditions } from "./pool-conditions.ts";
import { isSameConditions, isSameStatus, type StatusBasis, statusOf } from "./pool-status.ts";
import { WritePace } from "./write-pace.ts";

/** What a {@link StatusKeeper} is made of. */
export interface StatusKeeperOptions extends StatusBasis {
  readonly store: Pick<PoolStatusStore, "writeStatus">;
  /** Milliseconds of a monotonic clock. */
  readonly nowMs: () => number;
  /** The time of day, RFC 3339 to the second. */
  readonly timeOfDay: () => string;
  /** Told of each condition that has become another one, when that has been written. */
  readonly onCondition: (pool: IPPool, condition: Condition) => void;
  /** Told of each write. */
  readonly onWrite: () => void;
  /** Told of each write that the server has done. */
  readonly onWritten: (pool: string) => void;
  /** Told of what the status of a pool should be, written or not; undefined when the pool is gone. */
  readonly onStatus: (pool: string, status: IPPoolStatus | undefined) => void;
  readonly log: Logger;
}

/** How long after a write that failed, or met another version, the pool is looked at again. */
const AGAIN_MS = 1_000;

/** Keeps the status of pools true: writes it when it says something else, and seldom. */
export class StatusKeeper {
  readonly #options: StatusKeeperOptions;
  readonly #pace = new WritePace();

  constructor(options: StatusKeeperOptions) {
    this.#options = options;
  }

  /**
   * Brings the status of one pool up to date, one call a pool at a time.
   *
   * @returns milliseconds until the pool is worth another look; undefined where its status is right, or it is gone
   */
  async keep(name: string, signal: AbortSignal): Promise<number | undefined> {
    const { pools, nowMs, timeOfDay, onStatus } = this.#options;
    const fact = pools.get(name);
    if (fact === undefined) {
      this.#pace.forget(name);
      onStatus(name, undefined);
      return undefined;
    }
    const status = statusOf(fact, this.#options, timeOfDay());
    onStatus(name, status);
    if (isSameStatus(fact.pool.status, status)) return undefined;
    const isUrgent = !isSameConditions(fact.pool.status?.conditions ?? [], status.conditions ?? []);
    const waitMs = this.#pace.waitMs(name, nowMs(), { isUrgent });
    return waitMs > 0 ? waitMs : this.#write(fact, status, signal);
  }

  async #write({ pool }: PoolFact, status: IPPoolStatus, signal: AbortSignal): Promise<number | undefined> {
    const { store, pools, nowMs, log, onCondition, onWrite, onWritten } = this.#options;
    this.#pace.spend(pool.metadata.name, nowMs());
    onWrite();
    const outcome = await store.writeStatus({ ...pool, status }, signal);
    switch (outcome.kind) {
      case "written": {
        onWritten(pool.metadata.name);
        for (const condition of changedConditions(pool.status?.conditions ?? [], status.conditions ?? [])) {
          onCondition(outcome.pool, condition);
        }
        // The watch may have told of a later version, or of its end, meanwhile.
        if (pools.get(pool.metadata.name)?.pool === pool) pools.set(outcome.pool);
        return undefined;
      }
      case "gone":
        return undefined;
      case "changed":
        return AGAIN_MS;
      case "unknown":
        log.warn({ err: outcome.cause, pool: pool.metadata.name }, "status of a pool could not be written");
        return AGAIN_MS;
    }
  }
}
