import { type Clock, SharedRead } from "@cluster-ipam/allocator";

/** What is in use is read again this often, in the background. */
const REFRESH_INTERVAL_MS = 5_000;
/** What was read longer ago than this serves no call. */
const TRUST_MS = 10_000;
/** What served no call for this long is not refreshed any more. */
const IN_USE_MS = 30_000;
/** Bound of one refresh in the background. */
const REFRESH_TIMEOUT_MS = 4_000;

/** Something on the server that calls go by: read when needed, refreshed while in use, never trusted for long. */
export class RefreshedRead<T> {
  readonly #read: SharedRead<T>;
  readonly #clock: Pick<Clock, "nowMs">;
  #usedAtMs = Number.NEGATIVE_INFINITY;

  constructor(read: (signal: AbortSignal) => Promise<T>, clock: Pick<Clock, "nowMs">) {
    this.#read = new SharedRead(read, clock);
    this.#clock = clock;
  }

  /** What the last read brought; undefined before the first. */
  get latest(): T | undefined {
    return this.#read.latest?.value;
  }

  /** Whether a call has used it lately. */
  get isInUse(): boolean {
    return this.#usedAtMs >= this.#clock.nowMs() - IN_USE_MS;
  }

  /** The value for a call: as it was at most ten seconds ago. */
  use(signal: AbortSignal): Promise<T> {
    this.#usedAtMs = this.#clock.nowMs();
    return this.#read.since(this.#usedAtMs - TRUST_MS, signal);
  }

  /** The same for what goes by it without using it: it is not refreshed for that. */
  look(signal: AbortSignal): Promise<T> {
    return this.#read.since(this.#clock.nowMs() - TRUST_MS, signal);
  }

  /** The value of a read that began at `sinceMs` or later. */
  since(sinceMs: number, signal: AbortSignal): Promise<T> {
    return this.#read.since(sinceMs, signal);
  }

  /** The value of a read that begins now. */
  fresh(signal: AbortSignal): Promise<T> {
    return this.#read.since(this.#clock.nowMs(), signal);
  }
}

/** Such reads by name, forgotten when they are not in use any more. */
export class RefreshedReads<T> {
  readonly #read: (name: string, signal: AbortSignal) => Promise<T>;
  readonly #clock: Pick<Clock, "nowMs">;
  readonly #byName = new Map<string, RefreshedRead<T>>();

  constructor(read: (name: string, signal: AbortSignal) => Promise<T>, clock: Pick<Clock, "nowMs">) {
    this.#read = read;
    this.#clock = clock;
  }

  /** The one of that name. */
  of(name: string): RefreshedRead<T> {
    let read = this.#byName.get(name);
    if (read === undefined) {
      read = new RefreshedRead((signal) => this.#read(name, signal), this.#clock);
      this.#byName.set(name, read);
    }
    return read;
  }

  /** Those that are in use; the others are forgotten. */
  inUse(): RefreshedRead<T>[] {
    for (const [name, read] of this.#byName) {
      if (!read.isInUse) this.#byName.delete(name);
    }
    return [...this.#byName.values()];
  }
}

/** What holds such reads. */
export interface Refreshable {
  inUse(): readonly RefreshedRead<unknown>[];
}

/** Refreshes everything in use until `signal` aborts; nothing is asked of the server while nothing is. */
export async function refreshUntil(holders: readonly Refreshable[], clock: Clock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(REFRESH_INTERVAL_MS, signal);
    const timeout = AbortSignal.any([signal, AbortSignal.timeout(REFRESH_TIMEOUT_MS)]);
    // A refresh that fails is made good by the next call, which reads for itself and reports.
    await Promise.allSettled(holders.flatMap((holder) => holder.inUse()).map((read) => read.fresh(timeout)));
  }
}
