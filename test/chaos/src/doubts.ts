/**
 * What keeps a release that was promised from being certain without a look at the sandboxes: a disk that takes no file of
 * the spool, a write that comes late, after the agent that would have looked for it has died.
 */
export class Doubts {
  readonly #open = new Set<string>();
  #raised = 0;

  /** There is a reason for doubt until it is {@link settle}d. */
  raise(reason: string): void {
    this.#open.add(reason);
    this.#raised += 1;
  }

  settle(reason: string): void {
    this.#open.delete(reason);
  }

  /** A mark of this moment, for {@link noneSince}. */
  mark(): number {
    return this.#open.size === 0 ? this.#raised : Number.NaN;
  }

  /** Whether there was no doubt at that moment, and none since. */
  noneSince(mark: number): boolean {
    return mark === this.#raised;
  }
}
