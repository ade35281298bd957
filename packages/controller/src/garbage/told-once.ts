/** Of what a dry run has told already: it says each thing once, and not in every round. */
export class ToldOnce {
  readonly #told = new Set<string>();

  /** Whether that was told before. */
  has(uid: string): boolean {
    return this.#told.has(uid);
  }

  add(uid: string): void {
    this.#told.add(uid);
  }

  /** Forgets what is not garbage any more: it is news when it is once again. */
  retain(uids: ReadonlySet<string>): void {
    for (const uid of this.#told) if (!uids.has(uid)) this.#told.delete(uid);
  }
}
