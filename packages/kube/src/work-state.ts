/** No time at all. */
const NEVER = Number.POSITIVE_INFINITY;

/** What a work queue knows of one key: who has asked for work on it, and what holds that back. Times of one clock, in ms. */
export class WorkState {
  isRunning = false;
  /** The {@link dueMs} for which the key has a place in the order of turns; undefined where it has none. */
  turnMs: number | undefined;
  /** Failures in a row. */
  failures = 0;
  /** The first request, of those for as soon as possible, that no work has begun after. */
  #askedMs: number = NEVER;
  /** The earliest of the times that work was asked for in advance. */
  #laterMs: number = NEVER;
  /** No work begins before, since the last one has failed. */
  #backOffUntilMs = 0;
  /** No work begins before, since the last one began too short ago. */
  #restUntilMs = 0;

  /** Whether there is work to do, now or later. */
  get isAsked(): boolean {
    return this.#firstMs !== NEVER;
  }

  /** When the next work may begin; where none is asked for, from when on there is nothing to remember. */
  get dueMs(): number {
    const earliestMs = Math.max(this.#backOffUntilMs, this.#restUntilMs);
    return this.isAsked ? Math.max(this.#firstMs, earliestMs) : earliestMs;
  }

  get #firstMs(): number {
    return Math.min(this.#askedMs, this.#laterMs);
  }

  ask(nowMs: number): void {
    this.#askedMs = Math.min(this.#askedMs, nowMs);
  }

  askAt(dueMs: number): void {
    this.#laterMs = Math.min(this.#laterMs, dueMs);
  }

  /** Work begins, which answers every request up to now. @returns how long the first of them has waited */
  begin(nowMs: number, minIntervalMs: number): number {
    const waitedMs = nowMs - this.#firstMs;
    this.#askedMs = NEVER;
    if (this.#laterMs <= nowMs) this.#laterMs = NEVER;
    this.#restUntilMs = nowMs + minIntervalMs;
    this.isRunning = true;
    return waitedMs;
  }

  succeed(): void {
    this.isRunning = false;
    this.failures = 0;
    this.#backOffUntilMs = 0;
  }

  fail(nowMs: number, pauseMs: number): void {
    this.isRunning = false;
    this.#backOffUntilMs = nowMs + pauseMs;
    this.ask(nowMs);
  }
}
