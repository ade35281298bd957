import type { Clock } from "./clock.ts";

/** How long a name that a create has found taken is left alone. It only steers: a list proves what is free. */
const LESSON_MS = 60_000;

/** The names that one call is at: none of them is a candidate for another call of this node until it is disposed. */
export interface NameHold extends Disposable {
  /** The call is about to create or to delete the lease of that name. */
  add(name: string): void;
  /** The call is not at that name any more. */
  remove(name: string): void;
}

/**
 * Names of leases that are worth no try for this node now: calls of its own are at them, or a create has just found them
 * taken. Without this the calls of one node would race for the few addresses that are its own.
 */
export class BusyNames {
  readonly #clock: Pick<Clock, "nowMs">;
  /** How many calls are at each name: the release of one lease and the create of the next one may be. */
  readonly #calls = new Map<string, number>();
  /** Until when each name that was taken is left alone; the oldest first. */
  readonly #taken = new Map<string, number>();

  constructor(clock: Pick<Clock, "nowMs">) {
    this.#clock = clock;
  }

  /** Whether some call of this node is at that name. */
  isHeld(name: string): boolean {
    return this.#calls.has(name);
  }

  /** Whether a call of this node is at that name, or a create has just found it taken. */
  isBusy(name: string): boolean {
    return this.isHeld(name) || (this.#taken.get(name) ?? Number.NEGATIVE_INFINITY) > this.#clock.nowMs();
  }

  /** Names that some call is at. */
  held(): Iterable<string> {
    return this.#calls.keys();
  }

  /** A create has found that name taken. */
  learnTaken(name: string): void {
    const nowMs = this.#clock.nowMs();
    for (const [old, untilMs] of this.#taken) {
      if (untilMs > nowMs) break;
      this.#taken.delete(old);
    }
    this.#taken.delete(name);
    this.#taken.set(name, nowMs + LESSON_MS);
  }

  /** What one call is at: nothing yet. */
  open(): NameHold {
    const names = new Set<string>();
    const remove = (name: string): void => {
      if (names.delete(name)) this.#count(name, -1);
    };
    return {
      add: (name) => {
        if (names.has(name)) return;
        names.add(name);
        this.#count(name, 1);
      },
      remove,
      [Symbol.dispose]: () => names.forEach(remove),
    };
  }

  #count(name: string, change: 1 | -1): void {
    const count = (this.#calls.get(name) ?? 0) + change;
    if (count === 0) this.#calls.delete(name);
    else this.#calls.set(name, count);
  }
}
