/** Time as an argument of what waits. */
export interface Clock {
  /** Milliseconds of a monotonic clock with an arbitrary origin. */
  nowMs(): number;
  /** Resolves after `ms`, at once where that is over, or early when `signal` aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** 24.8 days: Node.js makes one millisecond of a longer time. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** The machine's time. */
export const SYSTEM_CLOCK: Clock = {
  nowMs: () => performance.now(),
  sleep: async (ms, signal) => {
    const endMs = performance.now() + ms;
    for (let isAsleep = true; isAsleep; ) {
      await timer(Math.min(endMs - performance.now(), TIMER_MAX_MS), signal);
      isAsleep = signal?.aborted !== true && performance.now() < endMs;
    }
  },
};

/** Resolves after `ms`, in another turn at once where that is over, or when `signal` aborts. */
function timer(ms: number, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted === true) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(running);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    // Node.js warns of times that are over.
    const running = setTimeout(end, Math.max(0, ms));
    signal?.addEventListener("abort", end);
  });
}
