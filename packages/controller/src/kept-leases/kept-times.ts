import type { LeaseFact } from "../leases/lease-fact.ts";

const MS_PER_S = 1_000;
const MS_PER_HOUR = 3_600_000;

/**
 * How often what is left of a lease's time is written into it: after `share` of the time, and of a long one often enough
 * that leaders which change each day come to its end. The first step of a term is up to `jitter` of it shorter, so that
 * leases which a new leader sees together are not written together.
 */
const CHECKPOINT = { share: 0.05, minMs: MS_PER_HOUR, maxMs: 6 * MS_PER_HOUR, jitter: 0.5 } as const;

/** A release that has been seen, with a number of seconds that its lease said. */
interface Seen {
  readonly uid: string;
  readonly releasedAt: string;
  readonly keepSeconds: number | undefined;
  readonly sinceMs: number;
  /** From one time that what is left is written down to the next. */
  readonly stepMs: number;
  readonly checkpointMs: number;
}

/**
 * Since when each kept lease has been known to be kept, for as long as it says, by this controller's own clock: what
 * nodes take for the time of day counts for nothing. A controller that has just begun to lead has seen none of them
 * before, so that a change of the leader can only make the time longer: by what has passed since a leader has last
 * written into the lease what is left of it.
 */
export class KeptTimes {
  readonly #seen = new Map<string, Seen>();
  readonly #random: () => number;

  /** @param random a source of numbers in [0, 1) */
  constructor(random: () => number) {
    this.#random = random;
  }

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
    const seen = this.#seen.get(lease.name);
    const isSeen = seen !== undefined && isSameRelease(seen, lease) && seen.keepSeconds === lease.keepSeconds;
    const { sinceMs } = isSeen ? seen : this.#see(lease, nowMs, seen);
    return Math.max(0, sinceMs + keepSeconds * MS_PER_S - nowMs);
  }

  /**
   * When what is left of a lease's time is to be written into it, which {@link leftMs} has looked at.
   *
   * @returns milliseconds until then; 0: now; Infinity: never, since the time is short or the lease does not say it
   */
  untilCheckpointMs({ name }: Pick<LeaseFact, "name">, nowMs: number): number {
    const seen = this.#seen.get(name);
    return seen === undefined ? Number.POSITIVE_INFINITY : Math.max(0, seen.checkpointMs - nowMs);
  }

  /** The lease of that name is gone. */
  forget(name: string): void {
    this.#seen.delete(name);
  }

  /** Its time begins: it is new to this leader, was taken and released again meanwhile, or says another time. */
  #see(lease: LeaseFact, nowMs: number, before: Seen | undefined): Seen {
    const { name, uid, releasedAt, keepSeconds } = lease;
    const isShorter = (before?.keepSeconds ?? 0) > (keepSeconds ?? 0);
    const isWrittenDown = before !== undefined && isSameRelease(before, lease) && isShorter;
    const stepMs = isWrittenDown ? before.stepMs : stepOf(keepSeconds);
    const checkpointMs = nowMs + (isWrittenDown ? stepMs : stepMs * (1 - CHECKPOINT.jitter * this.#random()));
    const seen = { uid, releasedAt, keepSeconds, sinceMs: nowMs, stepMs, checkpointMs };
    this.#seen.set(name, seen);
    return seen;
  }
}

function isSameRelease(seen: Seen, { uid, releasedAt }: LeaseFact): boolean {
  return seen.uid === uid && seen.releasedAt === releasedAt;
}

/** Infinity for a time that is short, or that the lease does not say. */
function stepOf(keepSeconds: number | undefined): number {
  const keepMs = (keepSeconds ?? 0) * MS_PER_S;
  const { share, minMs, maxMs } = CHECKPOINT;
  return keepMs <= minMs ? Number.POSITIVE_INFINITY : Math.min(Math.max(keepMs * share, minMs), maxMs);
}
