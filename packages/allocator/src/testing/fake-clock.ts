import type { Clock } from "../clock.ts";

interface Sleeper {
  readonly dueMs: number;
  readonly wake: () => void;
}

/**
 * Time that a test moves. It begins at 0.
 *
 * @example
 * const clock = new FakeClock();
 * const slept = clock.sleep(1_000);
 * await clock.advance(1_000);
 * await slept;
 */
export class FakeClock implements Clock {
  readonly #isAutomatic: boolean;
  #nowMs = 0;
  #sleepers: Sleeper[] = [];

  /** @param isAutomatic whether time jumps to the next sleeper by itself once nothing else is left to do */
  constructor({ isAutomatic = false }: { readonly isAutomatic?: boolean } = {}) {
    this.#isAutomatic = isAutomatic;
  }

  /** How many wait for time to pass. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (ms <= 0 || signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        signal?.removeEventListener("abort", wake);
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        resolve();
      };
      const sleeper = { dueMs: this.#nowMs + ms, wake };
      this.#sleepers.push(sleeper);
      signal?.addEventListener("abort", wake);
      if (this.#isAutomatic) setImmediate(() => this.#jump());
    });
  }

  /**
   * Lets `ms` pass: wakes whoever is due, in order, each at its own time and with what it does then done before the
   * next, those included who begin to sleep meanwhile.
   */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settled();
    for (let next = this.#next(untilMs); next !== undefined; next = this.#next(untilMs)) {
      this.#wake(next);
      await settled();
    }
    this.#nowMs = untilMs;
  }

  #jump(): void {
    const next = this.#next(Number.POSITIVE_INFINITY);
    if (next !== undefined) this.#wake(next);
  }

  #wake({ dueMs, wake }: Sleeper): void {
    this.#nowMs = dueMs;
    wake();
  }

  #next(untilMs: number): Sleeper | undefined {
    const due = this.#sleepers.filter(({ dueMs }) => dueMs <= untilMs);
    return due.reduce<Sleeper | undefined>(
      (first, other) => (first && first.dueMs <= other.dueMs ? first : other),
      undefined,
    );
  }
}

/** Once every promise that can be settled is. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
