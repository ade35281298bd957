import type { EventRecorder } from "@cluster-ipam/kube";
import type { Logger } from "@cluster-ipam/telemetry";
import { ToldOnce } from "../garbage/told-once.ts";
import type { CheckResult } from "./consistency-check.ts";
import type { Finding, FindingCounts, FindingKind } from "./finding.ts";

/** What counts checks. */
export interface CheckMeter {
  checkEnded(outcome: "clean" | "findings" | "failed", durationMs: number): void;
  /** What the last check has found, and when it began, in seconds since 1970. */
  checkFound(counts: FindingCounts, checkedAtS: number): void;
  /** Nobody knows what a check would find: this replica leads no more. */
  checkForgotten(): void;
}

/** Where a journal tells what it is told. */
export interface CheckJournalDeps {
  readonly log: Logger;
  readonly events: Pick<EventRecorder, "tell">;
  readonly meter: CheckMeter;
}

/** A check tells of so many findings that are new, fewer than the recorder of events sends at once; the next one of more. */
const TOLD_AT_ONCE = 20;

const REASONS: Readonly<Record<FindingKind, string>> = {
  "duplicate-address": "DuplicateAddress",
  "other-holder": "AddressOfOtherHolder",
  "address-without-lease": "AddressWithoutLease",
  "misnamed-lease": "MisnamedLease",
  "pool-in-two-spaces": "PoolInTwoSpaces",
  "foreign-finalizer": "ForeignFinalizer",
};

/** What checks find is counted, and each finding logged and told as an event once, for as long as it lasts. */
export class CheckJournal {
  readonly #deps: CheckJournalDeps;
  readonly #told = new ToldOnce();

  constructor(deps: CheckJournalDeps) {
    this.#deps = deps;
  }

  ended({ found, counts, leases, pods, unconfirmed }: CheckResult, checkedAt: Date, durationMs: number): void {
    const { meter, log } = this.#deps;
    meter.checkFound(counts, checkedAt.getTime() / 1_000);
    meter.checkEnded(found.length === 0 ? "clean" : "findings", durationMs);
    this.#told.retain(new Set(found.map(({ key }) => key)));
    const news = found.filter(({ key }) => !this.#told.has(key)).slice(0, TOLD_AT_ONCE);
    for (const suspicion of news) this.#tell(suspicion.describe());
    log.info({ findings: found.length, leases, pods, unconfirmed, durationMs }, "consistency checked");
  }

  failed(err: Error, durationMs: number): void {
    this.#deps.meter.checkEnded("failed", durationMs);
    this.#deps.log.warn({ err, durationMs }, "consistency could not be checked");
  }

  /** The term is over. */
  closed(): void {
    this.#deps.meter.checkForgotten();
  }

  #tell({ kind, key, about, message, regarding }: Finding): void {
    const { log, events } = this.#deps;
    const { address: ip, ...rest } = about;
    this.#told.add(key);
    log.warn({ finding: kind, ip, ...rest, reason: message }, "addresses of the cluster contradict each other");
    events.tell({ regarding, type: "Warning", reason: REASONS[kind], action: "Check", note: message });
  }
}
