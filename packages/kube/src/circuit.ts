/**
 * So many failures in a row, with no answer between them, open the circuit. Those of requests that were under way at the
 * same time count once, but for those that had waited for as long as this.
 */
const OPENING = { failures: 3, waitedMs: 1_000 } as const;
/**
 * Pauses before a request is let through to find out: 1 s, doubled each time, at most 10 s, each shortened at random by
 * up to a half so that many nodes do not come back at once.
 */
const PAUSE = { firstMs: 1_000, maxMs: 10_000, jitter: 0.5 } as const;

/**
 * What is known of the server.
 *
 * - `closed`: requests are sent.
 * - `open`: none is sent, until one is let through to find out.
 * - `half-open`: that one is under way.
 */
export type CircuitState =
  | { readonly kind: "closed" }
  | {
      readonly kind: "open" | "half-open";
      /** When the first of the failures was noticed. */
      readonly since: Date;
      /** How long ago that was. */
      readonly forMs: number;
      /** The last failure, in words. */
      readonly lastFailure: string;
    };

/** How a request ended. `abandoned`: by who made it, which says nothing of the server. */
export type RequestEnding =
  | { readonly kind: "answered" | "abandoned" }
  | { readonly kind: "failed"; readonly reason: string };

/** Where the circuit has its time and its chance from. */
export interface CircuitOptions {
  /** Milliseconds of a monotonic clock. */
  readonly nowMs: () => number;
  /** The time of day, for people. */
  readonly date: () => Date;
  /** A source of numbers in [0, 1). */
  readonly random: () => number;
}

/**
 * Keeps requests from a server that gives no answers, so that who needs one learns that at once. It makes no request by
 * itself: after a pause the next one that comes is let through, the others fail until that one has ended.
 *
 * Failures of requests that were under way at the same time count once, unless they waited long and in vain: a server
 * behind a load balancer that goes away breaks all of its connections at once, and the next server answers.
 *
 * @example
 * const end = circuit.admit();
 * if (end === undefined) return failed;
 * end({ kind: "answered" });
 */
export class Circuit {
  readonly #options: CircuitOptions;
  readonly #listeners = new Set<(state: CircuitState) => void>();
  #failures = 0;
  #countedAtMs = 0;
  #failing: { readonly since: Date; readonly sinceMs: number } | undefined;
  #lastFailure = "";
  /** When the next request may be let through; undefined while the circuit is closed. */
  #passableAtMs: number | undefined;
  #pauseMs: number = PAUSE.firstMs;
  #probe: object | undefined;

  constructor(options: CircuitOptions) {
    this.#options = options;
  }

  /** What is known of the server now. */
  get state(): CircuitState {
    if (this.#passableAtMs === undefined || this.#failing === undefined) return { kind: "closed" };
    const { since, sinceMs } = this.#failing;
    const kind = this.#probe === undefined ? "open" : "half-open";
    return { kind, since, forMs: this.#options.nowMs() - sinceMs, lastFailure: this.#lastFailure };
  }

  /** Whether a request that came now would be let through. */
  get isPassable(): boolean {
    if (this.#passableAtMs === undefined) return true;
    return this.#probe === undefined && this.#options.nowMs() >= this.#passableAtMs;
  }

  /**
   * Calls `listener` whenever the circuit opens, stays open after the request that was let through, or closes.
   *
   * @returns ends that
   */
  onChange(listener: (state: CircuitState) => void): () => void {
    // One of its own, so that nobody ends what another one began with the same function.
    const own = (state: CircuitState): void => listener(state);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  /** Lets a request through. @returns to be told how it ended, once; undefined where it must not be sent */
  admit(): ((ending: RequestEnding) => void) | undefined {
    if (!this.isPassable) return undefined;
    const request = { startedAtMs: this.#options.nowMs() };
    if (this.#passableAtMs !== undefined) this.#probe = request;
    return (ending) => this.#ended(request, ending);
  }

  #ended(request: { readonly startedAtMs: number }, ending: RequestEnding): void {
    const isProbe = this.#probe === request;
    if (isProbe) this.#probe = undefined;
    if (ending.kind === "answered") return this.#close();
    const hasWaited = this.#options.nowMs() - request.startedAtMs >= OPENING.waitedMs;
    const hasFailed = ending.kind === "failed";
    if (hasFailed) this.#lastFailure = ending.reason;
    if (isProbe) {
      // Who gave it up after so long had waited in vain.
      if (hasFailed || hasWaited) this.#open();
    } else if (hasFailed && this.#passableAtMs === undefined) {
      if (this.#failures === 0 || request.startedAtMs >= this.#countedAtMs || hasWaited) this.#count();
    }
  }

  #count(): void {
    const nowMs = this.#options.nowMs();
    this.#failing ??= { since: this.#options.date(), sinceMs: nowMs };
    this.#failures += 1;
    this.#countedAtMs = nowMs;
    if (this.#failures >= OPENING.failures) this.#open();
  }

  #open(): void {
    const jitter = 1 - PAUSE.jitter * this.#options.random();
    this.#passableAtMs = this.#options.nowMs() + this.#pauseMs * jitter;
    this.#pauseMs = Math.min(this.#pauseMs * 2, PAUSE.maxMs);
    this.#tell();
  }

  #close(): void {
    const wasOpen = this.#passableAtMs !== undefined;
    this.#failures = 0;
    this.#failing = undefined;
    this.#passableAtMs = undefined;
    this.#pauseMs = PAUSE.firstMs;
    this.#probe = undefined;
    if (wasOpen) this.#tell();
  }

  #tell(): void {
    const { state } = this;
    for (const listener of this.#listeners) listener(state);
  }
}
