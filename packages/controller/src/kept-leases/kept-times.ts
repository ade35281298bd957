import type { LeaseFact } from "../leases/lease-fact.ts";

const MS_PER_S = 1_000;

/** A release that has been seen. */
interface Seen {
  readonly uid: string;
  readonly releasedAt: string;
  readonly sinceMs: number;
}

/**
 * Since when each kept lease has been known to be kept, by this controller's own clock: what nodes take for the time of
 * day counts for nothing. A controller that has just begun to lead has seen none of them before, so that a change of the
 * leader can only make the time longer.
 */
export class KeptTimes {
  readonly #seen = new Map<string, Seen>();

  /**
   * Looks at a lease.
   *
   * @param keepSeconds for how long it is to be kept
   * @returns milliseconds until its time is over; 0: it is over; undefined: it is not kept
   */
  leftMs(lease: LeaseFact, keepSeconds: number, nowMs: number): number | undefined {
    if (lease.state !== "kept") {
      this.#seen.delete(lease.name);
      return undefined;
    }
    const { uid, releasedAt } = lease;
    let seen = this.#seen.get(lease.name);
    // Taken and released again meanwhile: its time begins anew.
    if (seen?.uid !== uid || seen.releasedAt !== releasedAt) seen = { uid, releasedAt, sinceMs: nowMs };
    this.#seen.set(lease.name, seen);
    return Math.max(0, seen.sinceMs + keepSeconds * MS_PER_S - nowMs);
  }

  /** The lease of that name is gone. */
  forget(name: string): void {
    this.#seen.delete(name);
  }
}
