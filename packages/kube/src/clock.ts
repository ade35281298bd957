import { setTimeout as sleep } from "node:timers/promises";

/** Time as an argument of what waits. */
export interface Clock {
  /** Milliseconds of a monotonic clock with an arbitrary origin. */
  nowMs(): number;
  /** Resolves after `ms`, at once where that is over, or early when `signal` aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's time. */
export const SYSTEM_CLOCK: Clock = {
  nowMs: () => performance.now(),
  sleep: async (ms, signal) => {
    // Rejects when the signal aborts, which the caller sees by itself. Node.js warns of times that are over.
    await sleep(Math.max(0, ms), undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  },
};
