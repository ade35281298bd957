/** A pool's status is written this often at most; a change of its conditions may come at once, out of a reserve of one. */
export const STATUS_INTERVAL_MS = 5_000;
const RESERVE = 2;

interface Pace {
  allowance: number;
  countedAtMs: number;
  writtenAtMs: number;
}

/** When the status of each pool may be written again: over time at most once in {@link STATUS_INTERVAL_MS}. */
export class WritePace {
  readonly #paces = new Map<string, Pace>();

  /** @returns milliseconds until a write of the pool's status may come; 0: now */
  waitMs(pool: string, nowMs: number, { isUrgent }: { readonly isUrgent: boolean }): number {
    const pace = this.#paceAt(pool, nowMs);
    const untilAllowedMs = Math.max(0, 1 - pace.allowance) * STATUS_INTERVAL_MS;
    if (isUrgent) return untilAllowedMs;
    return Math.max(untilAllowedMs, pace.writtenAtMs + STATUS_INTERVAL_MS - nowMs, 0);
  }

  /** The pool's status is being written. */
  spend(pool: string, nowMs: number): void {
    const pace = this.#paceAt(pool, nowMs);
    pace.allowance -= 1;
    pace.writtenAtMs = nowMs;
  }

  /** The pool is gone. */
  forget(pool: string): void {
    this.#paces.delete(pool);
  }

  #paceAt(pool: string, nowMs: number): Pace {
    let pace = this.#paces.get(pool);
    if (pace === undefined) {
      pace = { allowance: RESERVE, countedAtMs: nowMs, writtenAtMs: Number.NEGATIVE_INFINITY };
      this.#paces.set(pool, pace);
    }
    pace.allowance = Math.min(RESERVE, pace.allowance + (nowMs - pace.countedAtMs) / STATUS_INTERVAL_MS);
    pace.countedAtMs = nowMs;
    return pace;
  }
}
