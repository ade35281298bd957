import type { WorkQueue, WorkReport } from "@cluster-ipam/kube";
import type { Counter, Gauge, Histogram, MetricRegistry } from "@cluster-ipam/telemetry";

/** Queues of the leader's work. */
export type QueueName = "pool-status" | "kept-leases";

/** A queue as its depth is read. */
export type QueueDepth = Pick<WorkQueue, "waiting" | "running">;

/** Who counts what goes through the queues. */
export interface QueueMeter {
  /** There is this queue, in the place of an earlier one of that name; undefined: no more. */
  watch(queue: QueueName, depth: QueueDepth | undefined): void;
  /** Work has ended. */
  worked(queue: QueueName, report: WorkReport): void;
}

const MS_PER_S = 1_000;
const LABELS = ["queue"] as const;
const WAIT_BUCKETS_S = [0.01, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60];
const WORK_BUCKETS_S = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30];

/** What goes through the queues of the leader's work, as Prometheus wants it. */
export class QueueMetrics implements QueueMeter {
  readonly #depths = new Map<QueueName, QueueDepth>();
  readonly #wait: Histogram<"queue">;
  readonly #duration: Histogram<"queue">;
  readonly #failures: Counter<"queue">;

  /** @param prefix of the process's own metrics */
  constructor(registry: MetricRegistry, prefix: string) {
    const name = (rest: string): string => `${prefix}queue_${rest}`;
    this.#addDepth(registry, "waiting", {
      name: name("waiting"),
      help: "Keys that wait: for a worker, for the end of the work on them, or for their time, such as a kept address's.",
    });
    this.#addDepth(registry, "running", { name: name("running"), help: "Keys that are worked on." });
    this.#wait = registry.histogram({
      name: name("wait_seconds"),
      help: "Time from when work was due to its beginning.",
      labels: LABELS,
      buckets: WAIT_BUCKETS_S,
    });
    this.#duration = registry.histogram({
      name: name("work_duration_seconds"),
      help: "Time that work on a key took.",
      labels: LABELS,
      buckets: WORK_BUCKETS_S,
    });
    this.#failures = registry.counter({
      name: name("failures_total"),
      help: "Work that failed, and is done again after a pause.",
      labels: LABELS,
    });
  }

  watch(queue: QueueName, depth: QueueDepth | undefined): void {
    if (depth === undefined) this.#depths.delete(queue);
    else this.#depths.set(queue, depth);
  }

  worked(queue: QueueName, { waitedMs, durationMs, failure }: WorkReport): void {
    this.#wait.observe({ queue }, waitedMs / MS_PER_S);
    this.#duration.observe({ queue }, durationMs / MS_PER_S);
    if (failure !== undefined) this.#failures.add({ queue });
  }

  #addDepth(
    registry: MetricRegistry,
    field: keyof QueueDepth,
    options: { readonly name: string; readonly help: string },
  ): void {
    registry.labelledGauge({ ...options, labels: LABELS }, (gauge: Gauge<"queue">) => {
      gauge.clear();
      for (const [queue, depth] of this.#depths) gauge.set({ queue }, depth[field]);
    });
  }
}
