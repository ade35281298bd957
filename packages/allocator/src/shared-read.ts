import type { Clock } from "./clock.ts";

/** A value with the moment at which the read that brought it began. */
export interface Reading<T> {
  readonly value: T;
  readonly startedAtMs: number;
}

/**
 * One costly read that many calls share: never two at a time, and each call gets a value as fresh as it needs.
 */
export class SharedRead<T> {
  readonly #read: (signal: AbortSignal) => Promise<T>;
  readonly #clock: Pick<Clock, "nowMs">;
  #latest: Reading<T> | undefined;
  #underWay: Promise<Reading<T>> | undefined;

  constructor(read: (signal: AbortSignal) => Promise<T>, clock: Pick<Clock, "nowMs">) {
    this.#read = read;
    this.#clock = clock;
  }

  /** What the last read brought; undefined before the first. */
  get latest(): Reading<T> | undefined {
    return this.#latest;
  }

  /** Drops what the last read brought; one under way is not ended, and still shared. */
  forget(): void {
    this.#latest = undefined;
  }

  /**
   * The value of a read that began at `sinceMs` or later.
   *
   * @throws what the read throws, or the reason of `signal`
   */
  async since(sinceMs: number, signal: AbortSignal): Promise<T> {
    for (;;) {
      if (this.#latest !== undefined && this.#latest.startedAtMs >= sinceMs) return this.#latest.value;
      signal.throwIfAborted();
      if (this.#underWay === undefined) return (await this.#start(signal)).value;
      // A read that another call started fails with that call's deadline, not with ours: look again.
      await settledOrAborted(this.#underWay, signal);
    }
  }

  #start(signal: AbortSignal): Promise<Reading<T>> {
    const startedAtMs = this.#clock.nowMs();
    this.#underWay = this.#read(signal)
      .then((value) => {
        this.#latest = { value, startedAtMs };
        return this.#latest;
      })
      .finally(() => {
        this.#underWay = undefined;
      });
    return this.#underWay;
  }
}

/** Resolves when `promise` has settled, however, or `signal` has aborted. */
export async function settledOrAborted(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const { promise: aborted, resolve } = Promise.withResolvers<undefined>();
  const abort = (): void => resolve(undefined);
  signal.addEventListener("abort", abort);
  await Promise.race([promise.catch(() => undefined), aborted]);
  signal.removeEventListener("abort", abort);
}
