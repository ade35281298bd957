import { setTimeout as delay } from "node:timers/promises";

/** What is waited for, and how long. */
export interface WaitOptions {
  /** Completes the sentence "timed out waiting for …". */
  readonly what: string;
  readonly timeoutMs: number;
  /** Time between two looks; 50 ms when absent. */
  readonly intervalMs?: number | undefined;
  /** Ends the wait early, with its reason thrown. */
  readonly signal?: AbortSignal | undefined;
}

const DEFAULT_INTERVAL_MS = 50;

/**
 * Calls `probe` until it returns something else than undefined, and returns that.
 *
 * @throws what the probe throws, at once: a probe returns undefined for "not yet", and throws for "never".
 * @throws Error when the time is over; the signal's reason when it fires.
 */
export async function waitFor<T>(
  probe: () => Promise<T | undefined> | T | undefined,
  options: WaitOptions,
): Promise<T> {
  const endsAtMs = performance.now() + options.timeoutMs;
  for (;;) {
    options.signal?.throwIfAborted();
    const found = await probe();
    if (found !== undefined) return found;
    if (performance.now() >= endsAtMs) {
      throw new Error(`timed out after ${options.timeoutMs} ms waiting for ${options.what}`);
    }
    // The pause is cut short by the signal alone, whose reason the next round throws.
    await delay(options.intervalMs ?? DEFAULT_INTERVAL_MS, undefined, { signal: options.signal }).catch(
      () => undefined,
    );
  }
}
