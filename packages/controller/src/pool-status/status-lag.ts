/** How long pools wait until their status says what has happened to them. Times of one clock, in milliseconds. */
export class StatusLag {
  /** Since when something has happened to a pool that nobody has looked at. */
  readonly #changedAtMs = new Map<string, number>();
  /** Since when something has happened to a pool that was looked at, and may have to be written. */
  readonly #dueSinceMs = new Map<string, number>();

  /** Something has happened to the pool. */
  changed(pool: string, nowMs: number): void {
    if (!this.#changedAtMs.has(pool)) this.#changedAtMs.set(pool, nowMs);
  }

  /** The pool is being looked at: what happens from now on is for the next look. */
  looked(pool: string): void {
    const changedAtMs = this.#changedAtMs.get(pool);
    this.#changedAtMs.delete(pool);
    if (changedAtMs !== undefined && !this.#dueSinceMs.has(pool)) this.#dueSinceMs.set(pool, changedAtMs);
  }

  /** The status that the look has found due is written. @returns how late; undefined where it was due to nothing known */
  written(pool: string, nowMs: number): number | undefined {
    const sinceMs = this.#dueSinceMs.get(pool);
    this.settled(pool);
    return sinceMs === undefined ? undefined : nowMs - sinceMs;
  }

  /** The look has found nothing to write, or the pool is gone. */
  settled(pool: string): void {
    this.#dueSinceMs.delete(pool);
  }
}
