import type { Caller } from "./caller.ts";

/** The callers, all at work or all at rest. */
export class Load {
  readonly #callers: readonly Caller[];
  #ending = new AbortController();
  #running: readonly Promise<void>[] = [];

  constructor(callers: readonly Caller[]) {
    this.#callers = callers;
  }

  /** Lets every caller begin. What a caller throws is thrown by {@link stop}. */
  start(): void {
    this.#ending = new AbortController();
    const { signal } = this.#ending;
    this.#running = this.#callers.map((caller) => caller.runUntil(signal));
    // Not before somebody asks.
    for (const running of this.#running) running.catch(() => undefined);
  }

  /** Waits until every caller has brought its attachment to an end; what is kept stays. @throws what one threw */
  async stop(): Promise<void> {
    this.#ending.abort();
    await Promise.allSettled(this.#running);
    await Promise.all(this.#running);
  }
}
