interface Event {
  readonly atMs: number;
  readonly run: () => void;
}

/** The time of a simulated world: events in their order, each with all that follows from it at once done before the next. */
export class VirtualTime {
  #nowMs = 0;
  #events: Event[] = [];

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Does something in `ms` from now. @returns takes it back */
  after(ms: number, run: () => void): () => void {
    const event = { atMs: this.#nowMs + Math.max(0, ms), run };
    const place = this.#events.findLastIndex(({ atMs }) => atMs <= event.atMs) + 1;
    this.#events.splice(place, 0, event);
    return () => void (this.#events = this.#events.filter((other) => other !== event));
  }

  /** Lets `ms` pass; `look` is called after each event. */
  async advance(ms: number, look: () => void = () => undefined): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settled();
    for (let next = this.#events[0]; next !== undefined && next.atMs <= untilMs; next = this.#events[0]) {
      this.#events.shift();
      this.#nowMs = next.atMs;
      next.run();
      await settled();
      look();
    }
    this.#nowMs = untilMs;
    look();
  }
}

/** Once every promise that can be settled is. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
