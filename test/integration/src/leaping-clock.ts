import type { Clock } from "@cluster-ipam/allocator";

/** The machine's time, and more of it at once when a test says so: whoever sleeps wakes as late as on a clock. */
export class LeapingClock implements Clock {
  readonly #sleepers = new Set<() => void>();
  #leaptMs = 0;

  nowMs(): number {
    return performance.now() + this.#leaptMs;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const untilMs = this.nowMs() + ms;
    const isOver = (): boolean => signal?.aborted === true || this.nowMs() >= untilMs;
    while (!isOver()) await this.#pause(untilMs - this.nowMs(), signal);
  }

  /** So much time has passed. */
  leap(ms: number): void {
    this.#leaptMs += ms;
    for (const wake of this.#sleepers) wake();
  }

  #pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#sleepers.delete(wake);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#sleepers.add(wake);
      signal?.addEventListener("abort", wake, { once: true });
    });
  }
}
