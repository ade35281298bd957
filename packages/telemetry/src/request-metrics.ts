import type { Counter, Histogram, MetricRegistry } from "./metric-registry.ts";

const MS_PER_S = 1_000;
const BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Requests of a process to the API server: how many, with what answers, how long. */
export class RequestMetrics {
  readonly #requests: Counter<"method" | "status">;
  readonly #duration: Histogram<"method">;

  /** @param prefix of the process's own metrics, such as `cluster_ipam_agent_` */
  constructor(registry: MetricRegistry, prefix: string) {
    this.#requests = registry.counter({
      name: `${prefix}apiserver_requests_total`,
      help: "Requests to the API server, by method and HTTP status, 0 where there was no answer.",
      labels: ["method", "status"],
    });
    this.#duration = registry.histogram({
      name: `${prefix}apiserver_request_duration_seconds`,
      help: "Time that a request to the API server took.",
      labels: ["method"],
      buckets: BUCKETS_S,
    });
  }

  /** A request has ended; `status` is 0 where there was no answer. */
  ended(method: string, status: number, durationMs: number): void {
    this.#requests.add({ method, status: String(status) });
    this.#duration.observe({ method }, durationMs / MS_PER_S);
  }
}
