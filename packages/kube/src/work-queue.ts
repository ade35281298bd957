import { backOffMs } from "./back-off.ts";
import { type Clock, SYSTEM_CLOCK } from "./clock.ts";
import { asError } from "./failure-text.ts";
import { WorkState } from "./work-state.ts";
import { WorkTurns } from "./work-turns.ts";

/** How one work on a key went. */
export interface WorkReport {
  readonly key: string;
  /** From the first request that it answers to its beginning. */
  readonly waitedMs: number;
  readonly durationMs: number;
  readonly failure?: WorkFailure;
}

/** Work that has failed, and is done again. */
export interface WorkFailure {
  readonly error: Error;
  /** Failures in a row, this one included. */
  readonly failures: number;
  /** The next attempt begins no sooner. */
  readonly pauseMs: number;
}

/** What a {@link WorkQueue} is made of. */
export interface WorkQueueOptions {
  /** Brings one key in order; what it throws makes it be called again. Should end soon when `signal` aborts. */
  readonly work: (key: string, signal: AbortSignal) => Promise<void>;
  /** How many keys are worked on at once. */
  readonly parallelism: number;
  /** Least time from the beginning of one work on a key to that of the next; none by default. */
  readonly minIntervalMs?: number;
  /** Told of each work that has ended, but for what {@link WorkQueue.close} cut short; must not throw. */
  readonly onWorked?: (report: WorkReport) => void;
  readonly clock?: Clock;
  /** A source of numbers in [0, 1). */
  readonly random?: () => number;
}

/**
 * Pauses before work that has failed is done again: 200 ms, doubled each time in a row, at most a minute, each
 * shortened at random by up to a half. Failures end only with a success: a key is never given up.
 */
const PAUSE = { firstMs: 200, maxMs: 60_000, jitter: 0.5 } as const;

/**
 * Keys that something has happened to, each worked on by one worker at a time. Requests for one key are merged until its
 * work begins; a request that comes later, also in the midst of it, is answered by work that begins after it.
 *
 * @example
 * const queue = new WorkQueue({ work: (name, signal) => writeStatus(name, signal), parallelism: 4 });
 * queue.add("pool-a");
 * await queue.close();
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #states = new Map<string, WorkState>();
  readonly #turns = new WorkTurns(this.#states);
  readonly #running = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  #isLookDue = false;
  #alarm: { readonly dueMs: number; readonly controller: AbortController } | undefined;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    this.#random = options.random ?? Math.random;
  }

  /** How many keys are worked on now. */
  get running(): number {
    return this.#running.size;
  }

  /** How many keys wait: for a worker, for their time, or for the end of the work on them. */
  get waiting(): number {
    let waiting = 0;
    for (const state of this.#states.values()) if (state.isAsked) waiting += 1;
    return waiting;
  }

  /** Asks for work on a key as soon as its interval and its failures allow. */
  add(key: string): void {
    this.#ask(key, (state) => state.ask(this.#clock.nowMs()));
  }

  /** Asks for work on a key in a while. Of several such requests the earliest counts; {@link add} answers none of them. */
  addAfter(key: string, delayMs: number): void {
    this.#ask(key, (state) => state.askAt(this.#clock.nowMs() + delayMs));
  }

  /** Takes no more requests, forgets those there are, and tells the work under way to end. Resolves when it has. */
  async close(): Promise<void> {
    this.#closing.abort(new Error("the work queue is closed"));
    this.#turns.clear();
    this.#alarm?.controller.abort();
    await Promise.all(this.#running);
    this.#states.clear();
  }

  #ask(key: string, request: (state: WorkState) => void): void {
    if (this.#closing.signal.aborted) return;
    const state = this.#states.get(key) ?? new WorkState();
    this.#states.set(key, state);
    request(state);
    if (!state.isRunning) this.#schedule(key, state);
  }

  #schedule(key: string, state: WorkState): void {
    if (!this.#turns.give(key, state)) return;
    // Later, so that requests that are made together are answered together.
    if (this.#isLookDue) return;
    this.#isLookDue = true;
    queueMicrotask(() => this.#look());
  }

  #look(): void {
    this.#isLookDue = false;
    if (this.#closing.signal.aborted) return;
    const nowMs = this.#clock.nowMs();
    for (let turn = this.#turns.next(); turn !== undefined && turn.dueMs <= nowMs; turn = this.#turns.next()) {
      if (this.#running.size >= this.#options.parallelism) return;
      this.#turns.take();
      this.#begin(turn.key, nowMs);
    }
    this.#setAlarm();
  }

  #begin(key: string, nowMs: number): void {
    const state = this.#states.get(key);
    if (state === undefined) return;
    state.turnMs = undefined;
    if (!state.isAsked) return void this.#states.delete(key);
    const waitedMs = state.begin(nowMs, this.#options.minIntervalMs ?? 0);
    const done = this.#work(key, state, waitedMs).finally(() => {
      this.#running.delete(done);
      this.#look();
    });
    this.#running.add(done);
  }

  async #work(key: string, state: WorkState, waitedMs: number): Promise<void> {
    const startedAtMs = this.#clock.nowMs();
    let failure: WorkFailure | undefined;
    try {
      await this.#options.work(key, this.#closing.signal);
      state.succeed();
    } catch (error) {
      failure = this.#fail(state, asError(error));
    }
    if (this.#closing.signal.aborted) return;
    const report = { key, waitedMs, durationMs: this.#clock.nowMs() - startedAtMs };
    this.#options.onWorked?.(failure === undefined ? report : { ...report, failure });
    this.#schedule(key, state);
  }

  #fail(state: WorkState, error: Error): WorkFailure {
    state.failures += 1;
    const pauseMs = backOffMs(PAUSE, state.failures, this.#random);
    state.fail(this.#clock.nowMs(), pauseMs);
    return { error, failures: state.failures, pauseMs };
  }

  /** Wakes when the next key is due, if a worker is free then. */
  #setAlarm(): void {
    const dueMs = this.#turns.next()?.dueMs;
    if (dueMs === this.#alarm?.dueMs) return;
    this.#alarm?.controller.abort();
    this.#alarm = undefined;
    if (dueMs === undefined) return;
    const alarm = { dueMs, controller: new AbortController() };
    this.#alarm = alarm;
    void this.#clock.sleep(dueMs - this.#clock.nowMs(), alarm.controller.signal).then(() => {
      if (this.#alarm !== alarm) return;
      this.#alarm = undefined;
      this.#look();
    });
  }
}
