/** Which machines were off, and when: whatever is said of them. */
export class MachineHistory {
  readonly #now: () => number;
  readonly #offUntilMs = new Map<string, number>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** The machine goes off, with all that runs on it. */
  goesOff(name: string): void {
    this.#offUntilMs.set(name, Number.POSITIVE_INFINITY);
  }

  /** It is on again. */
  goesOn(name: string): void {
    this.#offUntilMs.set(name, this.#now());
  }

  /** Whether it was off at some moment since then. */
  wasOffSince(name: string, sinceMs: number): boolean {
    return (this.#offUntilMs.get(name) ?? Number.NEGATIVE_INFINITY) >= sinceMs;
  }
}
