import type { Counter, Gauge, Histogram, MetricRegistry } from "@cluster-ipam/telemetry";
import type { CheckMeter } from "./check-journal.ts";
import { FINDING_KINDS, type FindingCounts } from "./finding.ts";

const MS_PER_S = 1_000;
const DURATION_BUCKETS_S = [0.1, 0.5, 1, 5, 10, 15, 30, 60, 120, 300, 600];

/** What checks have found, of the leader alone. */
export class CheckMetrics implements CheckMeter {
  readonly #checks: Counter<"outcome">;
  readonly #duration: Histogram<never>;
  readonly #findings: Gauge<"kind">;
  readonly #checkedAt: Gauge<never>;

  /** @param prefix of the process's own metrics */
  constructor(registry: MetricRegistry, prefix: string) {
    this.#checks = registry.counter({
      name: `${prefix}checks_total`,
      help: "Checks of the cluster's consistency, by outcome: clean, findings, failed.",
      labels: ["outcome"],
    });
    // A rate sees no first failure of a series that begins with it.
    for (const outcome of ["clean", "findings", "failed"]) this.#checks.begin({ outcome });
    this.#duration = registry.histogram({
      name: `${prefix}check_duration_seconds`,
      help: "Time that a check of the cluster's consistency took.",
      buckets: DURATION_BUCKETS_S,
    });
    this.#findings = registry.labelledGauge({
      name: `${prefix}check_findings`,
      help: "What the last check of the cluster's consistency found, by kind; none before the first of a term.",
      labels: ["kind"],
    });
    this.#checkedAt = registry.labelledGauge({
      name: `${prefix}last_check_timestamp_seconds`,
      help: "When the last check of the cluster's consistency that did not fail began; 0 before the first of a term.",
    });
  }

  checkEnded(outcome: "clean" | "findings" | "failed", durationMs: number): void {
    this.#checks.add({ outcome });
    this.#duration.observe({}, durationMs / MS_PER_S);
  }

  checkFound(counts: FindingCounts, checkedAtS: number): void {
    for (const kind of FINDING_KINDS) this.#findings.set({ kind }, counts[kind]);
    this.#checkedAt.set({}, checkedAtS);
  }

  checkForgotten(): void {
    this.#findings.clear();
    this.#checkedAt.clear();
  }
}
