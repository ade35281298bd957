import type { Clock } from "../clock.ts";
import { ELECTION } from "./election-timing.ts";
import type { LeaseLock, LockOutcome } from "./lease-lock.ts";
import type { LeaseRecord } from "./lease-record.ts";

/** What a {@link Candidacy} is made of. */
export interface CandidacyDeps {
  readonly lock: LeaseLock;
  /** What no other process bears, nor has borne: who finds it in a Lease wrote it. */
  readonly identity: string;
  readonly clock: Clock;
  /** The time of day, for people who read the Lease. */
  readonly date: () => Date;
}

/**
 * What became of one try.
 *
 * - `held`: the server has confirmed that we hold the Lease, by a request that was sent at `sentAtMs`.
 * - `unheld`: we do not. `retryAtMs` is when to try again at the latest; undefined where only time will tell.
 * - `failed`: nobody knows.
 */
export type Try =
  | { readonly kind: "held"; readonly sentAtMs: number }
  | { readonly kind: "unheld"; readonly retryAtMs: number | undefined }
  | { readonly kind: "failed"; readonly reason: string };

/** A Lease as it was when it was seen last, and since when it has been so. */
interface Sighting {
  readonly record: LeaseRecord;
  readonly sinceMs: number;
  /** Who holds it may lead from then on. */
  readonly usableAtMs: number;
}

/**
 * What one replica knows of the Lease, and what it does about it: one step of the election.
 *
 * The rules:
 *
 * - A Lease that another one holds is free once it has not changed for `leaseDurationMs` on our own clock, counted from
 *   when we saw it first. A change is another version of the object: times that the holder wrote are never read.
 * - Every write has the uid and the version of what was seen. Holding counts only where the server has confirmed it, and
 *   from when the request was sent.
 * - Who has made the Lease anew may not use it before `leaseDurationMs` have passed: the one that was removed may have had
 *   a leader, who does not know yet.
 */
export class Candidacy {
  readonly #deps: CandidacyDeps;
  #sighting: Sighting | undefined;
  #hasSeenLease = false;

  constructor(deps: CandidacyDeps) {
    this.#deps = deps;
  }

  /** Who holds the Lease as far as is known; "" for nobody. */
  get holder(): string {
    return this.#sighting?.record.holder ?? "";
  }

  /** Whether the server has ever shown one. */
  get hasSeenLease(): boolean {
    return this.#hasSeenLease;
  }

  /** Tries to get the Lease, or to keep it where we have it already. */
  async stand(): Promise<Try> {
    const seen = this.#sighting;
    if (seen !== undefined && this.#hasOurs()) return this.#asUsable(await this.#write(seen.record));
    const outcome = this.#learn(await this.#deps.lock.read());
    if (outcome.kind === "failed") return outcome;
    if (this.#sighting === undefined) return this.#asUsable(await this.#create());
    const freeAtMs = this.#freeAtMs(this.#sighting);
    if (this.#deps.clock.nowMs() < freeAtMs) return { kind: "unheld", retryAtMs: freeAtMs };
    return this.#asUsable(await this.#write(this.#sighting.record));
  }

  /** Renews the Lease that we lead by. `unheld`: it has another holder, or is another one. */
  async renew(): Promise<Try> {
    const seen = this.#sighting;
    if (seen === undefined || !this.#hasOurs()) return { kind: "unheld", retryAtMs: undefined };
    const result = await this.#write(seen.record);
    if (result.kind !== "unheld") return result;
    // Written by ourselves, by a request that got no answer.
    const isStillOurs = this.#hasOurs() && this.#sighting?.record.uid === seen.record.uid;
    return isStillOurs ? { kind: "failed", reason: "the Lease was written in between" } : result;
  }

  /** Gives the Lease up, if it is ours; asks no more once there is no answer. @returns whether another may take it now */
  async release(): Promise<boolean> {
    for (let tries = 0; tries < ELECTION.releaseTries && this.#hasOurs(); tries += 1) {
      const seen = this.#sighting;
      // Whoever took one that is too young would lead at once.
      if (seen === undefined || this.#deps.clock.nowMs() < seen.usableAtMs) break;
      const outcome = this.#learn(await this.#deps.lock.write(seen.record, { holder: "", at: this.#deps.date() }));
      if (outcome.kind === "failed") break;
      if (outcome.kind === "conflict") this.#learn(await this.#deps.lock.read());
    }
    return !this.#hasOurs();
  }

  async #create(): Promise<Try> {
    const sentAtMs = this.#deps.clock.nowMs();
    return this.#heldBy(await this.#deps.lock.create(this.#holding()), sentAtMs);
  }

  async #write(record: LeaseRecord): Promise<Try> {
    const sentAtMs = this.#deps.clock.nowMs();
    return this.#heldBy(await this.#deps.lock.write(record, this.#holding()), sentAtMs);
  }

  async #heldBy(outcome: LockOutcome, sentAtMs: number): Promise<Try> {
    if (outcome.kind === "failed") return outcome;
    if (outcome.kind === "record") {
      this.#learn(outcome);
      // Something on the way may have changed what was written.
      return this.#isOurs(outcome.record) ? { kind: "held", sentAtMs } : { kind: "unheld", retryAtMs: undefined };
    }
    const now = this.#learn(await this.#deps.lock.read());
    return now.kind === "failed" ? now : { kind: "unheld", retryAtMs: undefined };
  }

  /** Holding is no leading yet where the Lease is too young. */
  #asUsable(result: Try): Try {
    if (result.kind !== "held" || this.#sighting === undefined) return result;
    const { usableAtMs } = this.#sighting;
    return result.sentAtMs < usableAtMs ? { kind: "unheld", retryAtMs: usableAtMs } : result;
  }

  #learn(outcome: LockOutcome): LockOutcome {
    if (outcome.kind === "absent") this.#sighting = undefined;
    if (outcome.kind === "record") this.#sighting = this.#see(outcome.record);
    return outcome;
  }

  #see(record: LeaseRecord): Sighting {
    this.#hasSeenLease = true;
    const nowMs = this.#deps.clock.nowMs();
    const before = this.#sighting;
    if (before === undefined || before.record.uid !== record.uid) {
      // One that is ours at first sight we have made.
      const isMade = this.#isOurs(record);
      return { record, sinceMs: nowMs, usableAtMs: isMade ? nowMs + ELECTION.leaseDurationMs : nowMs };
    }
    const isUnchanged = before.record.resourceVersion === record.resourceVersion;
    return { record, sinceMs: isUnchanged ? before.sinceMs : nowMs, usableAtMs: before.usableAtMs };
  }

  #freeAtMs({ record, sinceMs }: Sighting): number {
    return record.holder === "" || this.#isOurs(record) ? sinceMs : sinceMs + record.durationMs;
  }

  #hasOurs(): boolean {
    return this.#sighting !== undefined && this.#isOurs(this.#sighting.record);
  }

  #isOurs({ holder }: LeaseRecord): boolean {
    return holder === this.#deps.identity;
  }

  #holding(): { readonly holder: string; readonly at: Date } {
    return { holder: this.#deps.identity, at: this.#deps.date() };
  }
}
