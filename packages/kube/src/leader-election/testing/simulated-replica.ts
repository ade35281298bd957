import type { Clock } from "../../clock.ts";
import type { KubeAnswer, KubeRequest } from "../../kube-request.ts";
import { type ElectionObserver, LeaderElector } from "../leader-elector.ts";
import type { MemoryLease } from "./memory-lease.ts";
import { settled, type VirtualTime } from "./virtual-time.ts";

/** What the network does to one request. */
export interface RequestFate {
  /** How long it is under way; undefined where it gets lost. */
  readonly thereMs: number | undefined;
  /** How long its answer is under way; undefined where that gets lost. */
  readonly backMs: number | undefined;
  /** Instead of carrying it out, the server answers this. */
  readonly answer?: KubeAnswer;
}

/** Where a replica lives. */
export interface ReplicaPlace {
  readonly time: VirtualTime;
  readonly lease: MemoryLease;
  readonly random: () => number;
}

const PROMPT: RequestFate = { thereMs: 2, backMs: 2 };

/**
 * One process that stands for election, in a simulated world: its clock may be fast, it may be stopped in its tracks, and
 * what becomes of its requests is up to the test.
 */
export class SimulatedReplica {
  readonly identity: string;
  readonly elector: LeaderElector;
  /** What its observer was told, and what became of it. */
  readonly notes: string[] = [];
  /** What becomes of its next requests. */
  fate: (request: KubeRequest) => RequestFate = () => PROMPT;
  /** What it does as the leader; until it is told to end, unless a test says otherwise. */
  lead: (signal: AbortSignal) => Promise<void> = untilAborted;
  /** Resolves when it has ended by itself or was told to. */
  readonly ended: Promise<void>;
  readonly #place: ReplicaPlace;
  readonly #shutdown = new AbortController();
  readonly #rate: number;
  #working: AbortSignal | undefined;
  #isKilled = false;
  /** What could not be delivered while it was stopped; undefined while it runs. */
  #waiting: (() => void)[] | undefined;

  /** @param rate how fast its clock goes; 1 is right */
  constructor(identity: string, place: ReplicaPlace, rate = 1) {
    this.identity = identity;
    this.#place = place;
    this.#rate = rate;
    this.elector = new LeaderElector({
      client: { request: (request) => this.#request(request) },
      namespace: "kube-system",
      name: "example",
      identity,
      clock: this.#clock(),
      date: () => new Date(place.time.nowMs),
      random: place.random,
      observer: this.#observer(),
    });
    // Not before the test has said what becomes of its requests.
    const started = Promise.resolve().then(() =>
      this.elector.run((signal) => this.#lead(signal), this.#shutdown.signal),
    );
    this.ended = started.then(
      () => void this.notes.push("ended"),
      (error: unknown) => void this.notes.push(`failed: ${error instanceof Error ? error.message : String(error)}`),
    );
  }

  /** Whether it takes itself for the leader, as its own clock has it. */
  get isLeading(): boolean {
    return !this.#isKilled && this.elector.isLeading;
  }

  /** Whether what a leader does runs on here, though stopped in its tracks perhaps, and has not been told to end. */
  get isWorking(): boolean {
    return !this.#isKilled && this.#waiting === undefined && this.#working?.aborted === false;
  }

  /** SIGTERM. */
  shutDown(): void {
    this.#shutdown.abort();
  }

  /** SIGKILL. */
  kill(): void {
    this.#isKilled = true;
  }

  /** SIGSTOP. */
  stop(): void {
    this.#waiting ??= [];
  }

  /** SIGCONT: what has come meanwhile is delivered one after the other, in any order. `look` is called after each. */
  async goOn(look: () => void = () => undefined): Promise<void> {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    while (waiting.length > 0) {
      const [next] = waiting.splice(Math.floor(this.#place.random() * waiting.length), 1);
      next?.();
      await settled();
      look();
    }
  }

  async #lead(signal: AbortSignal): Promise<void> {
    this.notes.push("work began");
    this.#working = signal;
    await this.lead(signal);
    this.#working = undefined;
    this.notes.push("work ended");
  }

  #request(request: KubeRequest): Promise<KubeAnswer> {
    const { time, lease } = this.#place;
    const { thereMs, backMs, answer } = this.fate(request);
    return new Promise((resolve) => {
      const forget = this.#after(request.timeoutMs, () => resolve(failed("no answer in time")));
      if (thereMs === undefined) return;
      time.after(thereMs, () => {
        const told = answer ?? lease.serve(request);
        if (backMs === undefined) return;
        const receive = (): void => {
          forget();
          resolve(told);
        };
        time.after(backMs, () => this.#deliver(receive));
      });
    });
  }

  #clock(): Clock {
    return {
      nowMs: () => 1_000_000 + this.#place.time.nowMs * this.#rate,
      sleep: (ms, signal) =>
        new Promise((resolve) => {
          if (ms <= 0 || signal?.aborted === true) return resolve();
          const forget = this.#after(ms, resolve);
          signal?.addEventListener("abort", () => {
            forget();
            resolve();
          });
        }),
    };
  }

  /** Does something in `ms` of its own time. @returns takes it back */
  #after(ms: number, run: () => void): () => void {
    return this.#place.time.after(ms / this.#rate, () => this.#deliver(run));
  }

  #deliver(run: () => void): void {
    if (this.#isKilled) return;
    if (this.#waiting === undefined) run();
    else this.#waiting.push(run);
  }

  #observer(): ElectionObserver {
    return {
      leadingBegan: () => void this.notes.push("leads"),
      leadingEnded: (reason) => void this.notes.push(`leads no more: ${reason}`),
      holderChanged: (holder) => void this.notes.push(`holder: ${holder}`),
      tried: (failure) => {
        if (failure !== undefined) this.notes.push(`try failed: ${failure}`);
      },
    };
  }
}

/** An answer that never came. */
export function failed(message: string): KubeAnswer {
  return { kind: "failed", cause: new Error(message), isSent: true };
}

/** What a leader does that has nothing to do. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
