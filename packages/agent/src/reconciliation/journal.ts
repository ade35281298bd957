import type { IPLease } from "@cluster-ipam/api";
import type { Logger } from "@cluster-ipam/telemetry";
import type { AgentMeter, ReconcileFinding } from "../agent-meter.ts";
import type { AgentEvent, EventSink, EventSubject } from "./events.ts";
import { type ReportedLease, reportedLease } from "./reconcile-report.ts";

/** Where a journal tells what it is told. */
export interface JournalDeps {
  readonly log: Logger;
  readonly meter: Pick<AgentMeter, "reconciled">;
  readonly events: EventSink;
  readonly isDryRun: boolean;
  /** Of the round: what its end cuts short is no failure. */
  readonly signal: AbortSignal;
}

const MESSAGES: Readonly<Record<Exclude<ReconcileFinding, "adopted">, string>> = {
  "sandbox-gone": "stale lease released: its sandbox is gone",
  "pod-gone": "stale lease released: its pod is gone",
  recreated: "missing lease of a living sandbox created again",
  "duplicate-holder": "the address of a living sandbox has another holder",
};

/** What one round does is logged, counted, told as an event, and kept for its report. */
export class Journal {
  readonly done: ReportedLease[] = [];
  readonly suspected: ReportedLease[] = [];
  readonly failures: string[] = [];
  readonly #deps: JournalDeps;

  constructor(deps: JournalDeps) {
    this.#deps = deps;
  }

  /** Something speaks against a lease, and it takes another look to be sure. */
  suspect(lease: IPLease, finding: ReconcileFinding, reason: string): void {
    const reported = reportedLease(lease, finding, reason);
    this.suspected.push(reported);
    this.#deps.log.debug(reported, "lease looks stale");
  }

  /** A stale lease was released. */
  released(lease: IPLease, finding: "sandbox-gone" | "pod-gone", { reason, isNews }: ReleaseNote): void {
    if (isNews) this.#tell(lease, finding, reason);
    else this.done.push(reportedLease(lease, finding, reason));
    if (this.#deps.isDryRun) return;
    const note = `${lease.spec.address} was given back: ${reason}`;
    this.#event(leaseSubject(lease), { type: "Normal", reason: "StaleLeaseReleased", action: "Release", note });
  }

  /** A lease was on the server and not in memory; told already by who took it in. */
  adopted(lease: IPLease): void {
    this.done.push(reportedLease(lease, "adopted", "the server has it for this node"));
  }

  /** A lease that was missing is there again. */
  recreated(lease: IPLease): void {
    const why = "it was missing on the server while its attachment lives";
    this.#tell(lease, "recreated", why);
    if (this.#deps.isDryRun) return;
    const note = `the lease of ${lease.spec.address} was created again: ${why}`;
    this.#event(leaseSubject(lease), { type: "Warning", reason: "LeaseRecreated", action: "Recreate", note });
  }

  /** `holder` has the address that `lost`, whose attachment lives, was given. Nothing was done. */
  duplicate(lost: IPLease, holder: IPLease, describedHolder: string): void {
    this.#tell(lost, "duplicate-holder", `the server has the address for ${describedHolder}`);
    const { address, pod, ifName, node } = lost.spec;
    const who = pod === undefined ? `container ${lost.spec.containerID}` : `pod ${pod.namespace}/${pod.name}`;
    const note = `${address} is in use by ${who} (interface ${ifName}) on node ${node}, and the lease is held by ${describedHolder}`;
    const what = { type: "Warning", reason: "DuplicateHolder", action: "None", note } as const;
    this.#event(leaseSubject(holder), what);
    if (pod?.uid === undefined || pod.uid === "") return;
    this.#event({ apiVersion: "v1", kind: "Pod", name: pod.name, namespace: pod.namespace, uid: pod.uid }, what);
  }

  /** Something could not be found out or done. */
  failed(what: string, err: unknown): void {
    if (this.#deps.signal.aborted) return;
    this.failures.push(`${what}: ${err instanceof Error ? err.message : String(err)}`);
    this.#deps.log.warn({ err, what }, "reconciliation could not do something and will try again");
  }

  #tell(lease: IPLease, finding: keyof typeof MESSAGES, reason: string): void {
    const { log, meter, isDryRun } = this.#deps;
    const reported = reportedLease(lease, finding, reason);
    this.done.push(reported);
    meter.reconciled(finding, isDryRun);
    const level = finding === "duplicate-holder" ? "error" : "info";
    log[level]({ ...reported, isDryRun }, MESSAGES[finding]);
  }

  #event(regarding: EventSubject, event: Omit<AgentEvent, "regarding">): void {
    this.#deps.events.tell({ regarding, ...event });
  }
}

/** How a release is told of. */
export interface ReleaseNote {
  readonly reason: string;
  /** False where an earlier round has told of the same. */
  readonly isNews: boolean;
}

function leaseSubject({ apiVersion, kind, metadata }: IPLease): EventSubject {
  return { apiVersion, kind, name: metadata.name, namespace: "", uid: metadata.uid ?? "" };
}
