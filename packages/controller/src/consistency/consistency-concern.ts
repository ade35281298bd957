import type { LeaseStore } from "@cluster-ipam/allocator";
import type { Clock, EventRecorder } from "@cluster-ipam/kube";
import type { Logger } from "@cluster-ipam/telemetry";
import type { Concern } from "../controller.ts";
import { untilAborted } from "../until-aborted.ts";
import type { CheckDesk, CheckOutcome } from "./check-desk.ts";
import { CheckJournal, type CheckMeter } from "./check-journal.ts";
import { reportOf } from "./check-report.ts";
import type { ClusterPods } from "./cluster-pods.ts";
import { type CheckView, checkConsistency } from "./consistency-check.ts";

/** What an operator says about checks. */
export interface ConsistencySettings {
  /** How long is waited between checks, more or less; undefined: they are done only when somebody asks. */
  readonly intervalMs: number | undefined;
}

/** What a {@link ConsistencyConcern} is made of. */
export interface ConsistencyOptions extends ConsistencySettings {
  readonly leases: Pick<LeaseStore, "get">;
  readonly clusterPods: ClusterPods;
  readonly desk: CheckDesk;
  readonly events: Pick<EventRecorder, "tell">;
  readonly meter: CheckMeter;
  readonly clock: Clock;
  /** The time of day, which is told to people alone. */
  readonly date: () => Date;
  /** A source of numbers in [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
}

/**
 * When checks are done. A new leader does one soon, after `first` of the interval; then each wait is up to `jitter` of it
 * shorter, so that many clusters that were started together do not list their pods together. A check that has not ended
 * after `timeoutMs` has failed.
 */
export const CHECK_PACE = { first: 0.1, jitter: 0.2, timeoutMs: 600_000 } as const;

/** Holds what the cluster tells of its addresses against itself, from time to time and when somebody asks. */
export class ConsistencyConcern implements Concern {
  readonly name = "consistency";
  readonly #view: CheckView;
  readonly #options: ConsistencyOptions;
  readonly #journal: CheckJournal;
  #running: Promise<CheckOutcome> | undefined;

  /** @param view of one term, which has read everything when it runs */
  constructor(view: CheckView, options: ConsistencyOptions) {
    this.#view = view;
    this.#options = options;
    this.#journal = new CheckJournal(options);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { desk, intervalMs } = this.#options;
    const close = desk.open(() => this.#check(signal));
    if (intervalMs === undefined) await untilAborted(signal);
    else await this.#checkEvery(intervalMs, signal);
    close();
    await this.#running;
    this.#journal.closed();
  }

  async #checkEvery(intervalMs: number, signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    await clock.sleep(intervalMs * CHECK_PACE.first, signal);
    while (!signal.aborted) {
      await this.#check(signal);
      await clock.sleep(intervalMs * (1 - CHECK_PACE.jitter * random()), signal);
    }
  }

  /** Whoever comes while a check runs has its result. Never rejects. */
  #check(signal: AbortSignal): Promise<CheckOutcome> {
    this.#running ??= this.#begin(signal).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #begin(signal: AbortSignal): Promise<CheckOutcome> {
    const { clock, date } = this.#options;
    const [checkedAt, startedAtMs] = [date(), clock.nowMs()];
    try {
      const result = await this.#inTime(signal);
      if (signal.aborted) return { kind: "not-leading" };
      const durationMs = clock.nowMs() - startedAtMs;
      this.#journal.ended(result, checkedAt, durationMs);
      return { kind: "done", report: reportOf(result, checkedAt, durationMs) };
    } catch (error) {
      if (signal.aborted) return { kind: "not-leading" };
      const cause = error instanceof Error ? error : new Error(String(error));
      this.#journal.failed(cause, clock.nowMs() - startedAtMs);
      return { kind: "failed", cause };
    }
  }

  async #inTime(signal: AbortSignal): Promise<Awaited<ReturnType<typeof checkConsistency>>> {
    const { clusterPods, leases, clock, log } = this.#options;
    const [ended, late] = [new AbortController(), new AbortController()];
    void clock.sleep(CHECK_PACE.timeoutMs, AbortSignal.any([signal, ended.signal])).then(() => late.abort());
    const onUnreadable = (namespace: string, name: string): void =>
      log.debug({ pod: `${namespace}/${name}` }, "annotation network-status of a pod cannot be read");
    const parts = { view: this.#view, pods: clusterPods, store: leases, clock, onUnreadable };
    try {
      const result = await checkConsistency(parts, AbortSignal.any([signal, late.signal]));
      if (late.signal.aborted && !signal.aborted)
        throw new Error(`the check took longer than ${CHECK_PACE.timeoutMs} ms`);
      return result;
    } finally {
      ended.abort();
    }
  }
}
