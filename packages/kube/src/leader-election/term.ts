import type { Clock } from "../clock.ts";

/**
 * Why a term ended.
 *
 * - `shutdown`: the process ends.
 * - `deadline`: no renewal was confirmed in time.
 * - `taken`: the Lease names another holder, or is gone.
 * - `work-ended`: what a leader does ended by itself.
 */
export type TermEnd = "shutdown" | "deadline" | "taken" | "work-ended";

/**
 * One replica's time as the leader. It ends by itself when it is not extended, and never begins again.
 *
 * Whether it is current is asked of the clock each time: a process that was stopped for a minute finds its timers late,
 * but not its clock.
 */
export class Term {
  readonly #clock: Clock;
  readonly #ended = new AbortController();
  #untilMs: number;
  #end: TermEnd | undefined;

  constructor(clock: Clock, untilMs: number) {
    this.#clock = clock;
    this.#untilMs = untilMs;
    void this.#watch();
  }

  /** Aborts when the term ends; its reason is an AbortError. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** Why the term ended; undefined before. */
  get ending(): TermEnd | undefined {
    return this.#end;
  }

  get isCurrent(): boolean {
    return this.#end === undefined && this.#clock.nowMs() < this.#untilMs;
  }

  /** A renewal was confirmed that holds until then. It comes too late for what has run out, noticed or not. */
  extend(untilMs: number): void {
    if (this.isCurrent) this.#untilMs = Math.max(this.#untilMs, untilMs);
    if (!this.isCurrent) this.end("deadline");
  }

  /** Ends the term; only the first reason counts. */
  end(reason: TermEnd): void {
    if (this.#end !== undefined) return;
    this.#end = reason;
    this.#ended.abort();
  }

  async #watch(): Promise<void> {
    // Again, where it was extended meanwhile.
    while (this.isCurrent) await this.#clock.sleep(this.#untilMs - this.#clock.nowMs(), this.signal);
    this.end("deadline");
  }
}
