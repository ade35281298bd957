/** How often a long stage says that it is still running. */
const INTERVAL_MS = 10_000;

/** Prints a line when a stage begins, one about every ten seconds while it runs, and one when it is done. */
export class Progress implements Disposable {
  readonly #label: string;
  readonly #startedAtMs = performance.now();
  readonly #timer: NodeJS.Timeout;
  #stage = "starting";

  /** @param label - what is being done; starts each line. */
  constructor(label: string) {
    this.#label = label;
    this.#timer = setInterval(() => this.#print(`${this.#stage}, ${this.#elapsed()}`), INTERVAL_MS);
  }

  /** Changes what the next line says, without printing one. */
  stage(text: string): void {
    this.#stage = text;
  }

  /** Prints a line at once. */
  note(text: string): void {
    this.#print(text);
  }

  /** Prints the last line, with the time that it took. */
  done(text: string): void {
    this.#print(`${text} in ${this.#elapsed()}`);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #elapsed(): string {
    return formatElapsed(performance.now() - this.#startedAtMs);
  }

  #print(text: string): void {
    process.stdout.write(`${this.#label}: ${text}\n`);
  }
}

/** A duration as people read it: `4 s`, `3 min 12 s`. */
export function formatElapsed(elapsedMs: number): string {
  const seconds = Math.round(elapsedMs / 1_000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
