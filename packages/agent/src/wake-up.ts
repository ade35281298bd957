/** Wakes a loop that sleeps while there is nothing for it to do. */
export class WakeUp {
  #wake: () => void = () => undefined;

  /** Wakes the one that waits, if anybody does. */
  call(): void {
    this.#wake();
  }

  /** Resolves at the next call, or when `signal` aborts. One may wait at a time. */
  wait(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        signal.removeEventListener("abort", done);
        resolve();
      };
      this.#wake = done;
      signal.addEventListener("abort", done);
    });
  }
}
