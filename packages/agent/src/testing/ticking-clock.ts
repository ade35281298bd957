import type { Clock } from "@cluster-ipam/allocator";

/** As short as the machine's clock can tell: far below whatever a test waits for. */
const TICK_MS = 1e-6;

/**
 * Another clock's time, but never the same moment twice: what comes after something else is later than that, as it is
 * on a machine.
 */
export class TickingClock implements Clock {
  readonly #base: Clock;
  #ticks = 0;

  constructor(base: Clock) {
    this.#base = base;
  }

  nowMs(): number {
    this.#ticks += 1;
    return this.#base.nowMs() + this.#ticks * TICK_MS;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.#base.sleep(ms, signal);
  }
}
