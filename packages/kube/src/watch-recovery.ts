import { backOffMs } from "./back-off.ts";
import type { ReadTrouble } from "./read-trouble.ts";
import type { WatchEnding } from "./watch-pass.ts";

/**
 * Pauses after something went wrong: half a second, doubled each time in a row, at most 30 s, each shortened at random
 * by up to a half; longer where the server asks for it, though never blind for more than a minute. What was lost is
 * tried for ever: only closing ends it.
 */
const PAUSE = { firstMs: 500, maxMs: 30_000, jitter: 0.5, askedMaxMs: 60_000 } as const;
/** A watch that the server ends sooner, without a single event, is not asked for again at once. */
const SHORT_MS = 5_000;
/** So many watches in a row that the server cannot go on with from one version end the attempts to do so. */
const STUCK_WATCHES = 3;
/** Statuses that say nothing about the version: not allowed, not there, too busy. */
const STATUS_OF_REQUEST: readonly number[] = [401, 403, 404, 429, 502, 503];

/** What came before the end of a watch. */
export interface WatchCourse {
  readonly durationMs: number;
  /** Whether the version has moved on. */
  readonly hasProgressed: boolean;
}

/** What to do after the end of a watch. */
export interface NextStep {
  /** `list`: what has happened meanwhile can only be seen by listing everything again. */
  readonly next: "list" | "watch";
  readonly pauseMs: number;
}

/** Decides how to go on after a failure, by what has failed before it. */
export class WatchRecovery {
  readonly #random: () => number;
  #failedReads = 0;
  #failedWatches = 0;
  #stuckWatches = 0;

  /** @param random a source of numbers in [0, 1) */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** A read has succeeded: a page of a list, or the question where the server is. */
  readSucceeded(): void {
    this.#failedReads = 0;
  }

  /** @returns how long to wait before the same read is made again */
  afterRead(trouble: ReadTrouble): number {
    this.#failedReads += 1;
    return this.#pauseMs(this.#failedReads, trouble);
  }

  /** What to do after the end of a watch. */
  afterWatch(ending: WatchEnding, { durationMs, hasProgressed }: WatchCourse): NextStep {
    if (hasProgressed) this.#stuckWatches = 0;
    if (isOfVersion(ending)) this.#stuckWatches += 1;
    const isStuck = this.#stuckWatches >= STUCK_WATCHES;
    const next = isStuck || ending.kind === "expired" || ending.kind === "rewound" ? "list" : "watch";
    if (next === "list") this.#stuckWatches = 0;
    // What is quiet for long cannot be asked for too often.
    const isHealthy = ending.kind === "silent" || (ending.kind === "closed" && durationMs >= SHORT_MS);
    if (hasProgressed || isHealthy) this.#failedWatches = 0;
    if (isHealthy) return { next, pauseMs: 0 };
    this.#failedWatches += 1;
    return { next, pauseMs: this.#pauseMs(this.#failedWatches, ending) };
  }

  #pauseMs(failures: number, trouble: WatchEnding): number {
    const askedMs = trouble.kind === "refused" ? (trouble.retryAfterMs ?? 0) : 0;
    return Math.max(backOffMs(PAUSE, failures, this.#random), Math.min(askedMs, PAUSE.askedMaxMs));
  }
}

function isOfVersion(ending: WatchEnding): boolean {
  if (ending.kind === "garbled") return true;
  return ending.kind === "refused" && !STATUS_OF_REQUEST.includes(ending.status);
}
