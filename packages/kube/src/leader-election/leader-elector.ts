import type { Clock } from "../clock.ts";
import { asError } from "../failure-text.ts";
import type { KubeClient } from "../kube-client.ts";
import { Candidacy, type Try } from "./candidacy.ts";
import { ELECTION } from "./election-timing.ts";
import { LeaseLock, type LockPlace } from "./lease-lock.ts";
import { Term, type TermEnd } from "./term.ts";

/** What a leader does, until `signal` aborts. It ends before that only where it has failed. */
export type Lead = (signal: AbortSignal) => Promise<void>;

/** Hears of what an elector does; nothing of it may throw. */
export interface ElectionObserver {
  leadingBegan(): void;
  /** What the leader does has been told to end; it may still run. */
  leadingEnded(reason: TermEnd): void;
  /** Another replica leads now, or nobody: "". Not told of ourselves. */
  holderChanged(holder: string): void;
  /** One try to get or to keep the lead is over; where nothing usable came of it `failure` says why. */
  tried(failure: string | undefined): void;
}

/**
 * What an elector is about just now.
 *
 * - `starting`: it has not seen the Lease yet, so nobody knows whether it can lead at all.
 * - `standby`: another one leads, or nobody; `holder` is who as far as is known, "" for nobody.
 * - `leading`: nobody else leads.
 * - `stepping-down`: it leads no more, and what it did as the leader has not ended yet, for `forMs` now.
 */
export type ElectionState =
  | { readonly kind: "starting" | "leading" }
  | { readonly kind: "standby"; readonly holder: string }
  | { readonly kind: "stepping-down"; readonly forMs: number };

/** What a {@link LeaderElector} is made of. */
export interface LeaderElectorOptions extends LockPlace {
  /** Best one that nobody else uses and without a circuit: a renewal is not to wait for other requests. */
  readonly client: Pick<KubeClient, "request">;
  /** What no other process bears, nor has borne. */
  readonly identity: string;
  readonly clock: Clock;
  /** The time of day, for people who read the Lease. */
  readonly date: () => Date;
  /** A source of numbers in [0, 1). */
  readonly random: () => number;
  readonly observer: ElectionObserver;
}

/**
 * Elects one leader among the processes that name the same Lease of coordination.k8s.io/v1, by {@link ELECTION}: at no
 * time do two lead, whatever becomes of clocks, connections and processes, as long as no clock is half as fast again as
 * another one. That holds for leading, not for requests that a leader has sent: those need preconditions.
 *
 * @example
 * const elector = new LeaderElector({ client, namespace: "kube-system", name: "example", identity, ...world });
 * await elector.run((signal) => work(signal), shutdown);
 */
export class LeaderElector {
  readonly #options: LeaderElectorOptions;
  readonly #candidacy: Candidacy;
  #term: Term | undefined;
  #steppingDownSinceMs: number | undefined;
  #triedAtMs: number;
  #toldHolder = "";

  constructor(options: LeaderElectorOptions) {
    const { client, namespace, name, identity, clock, date } = options;
    this.#options = options;
    this.#candidacy = new Candidacy({ lock: new LeaseLock(client, { namespace, name }), identity, clock, date });
    this.#triedAtMs = clock.nowMs();
  }

  /** Asks the clock: true only as long as nobody else can lead, also right after the process was stopped for a while. */
  get isLeading(): boolean {
    return this.#term?.isCurrent ?? false;
  }

  get state(): ElectionState {
    if (this.isLeading) return { kind: "leading" };
    if (!this.#candidacy.hasSeenLease) return { kind: "starting" };
    if (this.#term === undefined) return { kind: "standby", holder: this.#candidacy.holder };
    const nowMs = this.#options.clock.nowMs();
    return { kind: "stepping-down", forMs: nowMs - (this.#steppingDownSinceMs ?? nowMs) };
  }

  /** How long ago the last try to get or to keep the lead began; a few seconds, unless it steps down. */
  get triedAgoMs(): number {
    return this.#options.clock.nowMs() - this.#triedAtMs;
  }

  /**
   * Stands for election until `signal` aborts, and calls `lead` each time that it is elected. When a term ends, the signal
   * that `lead` got aborts, and the next election waits until it has ended. At the end the lead is given up, so that another
   * one can take it at once. May be called once.
   *
   * @throws what `lead` has failed with, or Error where it ended without being told to; the lead has been given up
   */
  async run(lead: Lead, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const untilMs = await this.#elected(signal);
      if (untilMs !== undefined) await this.#serve(lead, untilMs, signal);
    }
  }

  /** Until when we may lead; undefined where `signal` came first. */
  async #elected(signal: AbortSignal): Promise<number | undefined> {
    for (;;) {
      const result = await this.#try(() => this.#candidacy.stand());
      const untilMs = untilOf(result);
      // The process may have been stopped between the request and its answer.
      if (untilMs !== undefined && this.#options.clock.nowMs() < untilMs) return untilMs;
      this.#tellHolder();
      if (signal.aborted) return undefined;
      await this.#options.clock.sleep(this.#pauseMs(result), signal);
      if (signal.aborted) return undefined;
    }
  }

  async #serve(lead: Lead, untilMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return this.#release();
    const { clock, observer, identity } = this.#options;
    const term = new Term(clock, untilMs);
    const shutDown = (): void => term.end("shutdown");
    signal.addEventListener("abort", shutDown, { once: true });
    this.#steppingDownSinceMs = undefined;
    term.signal.addEventListener("abort", () => this.#stepDown(term), { once: true });
    this.#term = term;
    this.#toldHolder = identity;
    observer.leadingBegan();
    const working = work(lead, term);
    await this.#keep(term);
    const failure = await working;
    signal.removeEventListener("abort", shutDown);
    if (term.ending === "shutdown" || term.ending === "work-ended") await this.#release();
    this.#term = undefined;
    if (failure !== undefined) throw failure;
  }

  /** Not before what the leader does has ended: another one begins with it at once. */
  async #release(): Promise<void> {
    if (await this.#candidacy.release()) return;
    this.#options.observer.tried("the lead could not be given up; another one gets it when it has run out");
  }

  #stepDown({ ending }: Term): void {
    this.#steppingDownSinceMs = this.#options.clock.nowMs();
    if (ending !== undefined) this.#options.observer.leadingEnded(ending);
  }

  /** Renews until the term has ended. */
  async #keep(term: Term): Promise<void> {
    while (term.isCurrent) {
      await this.#options.clock.sleep(this.#retryMs(), term.signal);
      if (!term.isCurrent) break;
      const result = await this.#try(() => this.#candidacy.renew());
      if (result.kind === "unheld") term.end("taken");
      const untilMs = untilOf(result);
      if (untilMs !== undefined) term.extend(untilMs);
    }
    term.end("deadline");
  }

  async #try(attempt: () => Promise<Try>): Promise<Try> {
    this.#triedAtMs = this.#options.clock.nowMs();
    const result = await attempt();
    this.#options.observer.tried(result.kind === "failed" ? result.reason : undefined);
    return result;
  }

  #tellHolder(): void {
    const { holder } = this.#candidacy;
    if (holder === this.#toldHolder) return;
    this.#toldHolder = holder;
    if (holder !== this.#options.identity) this.#options.observer.holderChanged(holder);
  }

  #pauseMs(result: Try): number {
    const retryMs = this.#retryMs();
    if (result.kind !== "unheld" || result.retryAtMs === undefined) return retryMs;
    return Math.min(retryMs, result.retryAtMs - this.#options.clock.nowMs());
  }

  #retryMs(): number {
    return ELECTION.retryPeriodMs * (1 - ELECTION.jitter * this.#options.random());
  }
}

/** Until when a renewal lets its sender lead. */
function untilOf(result: Try): number | undefined {
  return result.kind === "held" ? result.sentAtMs + ELECTION.renewDeadlineMs : undefined;
}

/** Leads. @returns what went wrong, if anything did */
async function work(lead: Lead, term: Term): Promise<Error | undefined> {
  if (!term.isCurrent) return undefined;
  try {
    await lead(term.signal);
    return term.ending === undefined ? new Error("what the leader does ended by itself") : undefined;
  } catch (error) {
    const isToldTo = term.ending !== undefined && error instanceof Error && error.name === "AbortError";
    return isToldTo ? undefined : asError(error);
  } finally {
    term.end("work-ended");
  }
}
