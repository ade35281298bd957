import type { ElectionObserver, TermEnd } from "@cluster-ipam/kube";
import type { Logger } from "@cluster-ipam/telemetry";
import type { ControllerMetrics } from "./controller-metrics.ts";

/** Ways to stop to lead that nobody has asked for. */
const UNASKED: readonly TermEnd[] = ["deadline", "taken"];

/**
 * Writes the course of the election into the log and counts it. Failures in a row are told once for each reason, since
 * there may be one every second.
 */
export class ElectionJournal implements ElectionObserver {
  readonly #log: Logger;
  readonly #metrics: Pick<ControllerMetrics, "termBegan" | "termEnded" | "electionTryFailed">;
  #toldFailure = "";

  constructor(log: Logger, metrics: Pick<ControllerMetrics, "termBegan" | "termEnded" | "electionTryFailed">) {
    this.#log = log;
    this.#metrics = metrics;
  }

  leadingBegan(): void {
    this.#metrics.termBegan();
    this.#log.info("this replica leads");
  }

  leadingEnded(reason: TermEnd): void {
    this.#metrics.termEnded(reason);
    const level = UNASKED.includes(reason) ? "warn" : "info";
    this.#log[level]({ reason }, "this replica leads no more");
  }

  holderChanged(holder: string): void {
    if (holder === "") this.#log.info("nobody leads");
    else this.#log.info({ leader: holder }, "another replica leads");
  }

  tried(failure: string | undefined): void {
    if (failure === undefined) {
      if (this.#toldFailure !== "") this.#log.info("election goes on");
      this.#toldFailure = "";
      return;
    }
    this.#metrics.electionTryFailed();
    if (failure === this.#toldFailure) return;
    this.#toldFailure = failure;
    this.#log.warn({ reason: failure }, "lead could not be got or kept");
  }
}
