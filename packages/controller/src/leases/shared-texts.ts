/** Far more than a cluster has nodes and pools. */
const MAX_TEXTS = 20_000;

/**
 * One copy of texts that many objects have, such as the names of their nodes: each object that is read from JSON brings
 * one of its own.
 */
export class SharedTexts {
  readonly #texts = new Map<string, string>();

  /** @returns the same text, as it was met first, so that `text` itself need not be kept */
  of(text: string): string {
    const found = this.#texts.get(text);
    if (found !== undefined) return found;
    // Nodes come and go for as long as the process lives; what is still used is met again.
    if (this.#texts.size >= MAX_TEXTS) this.#texts.clear();
    this.#texts.set(text, text);
    return text;
  }
}
