import type { KubeAnswer, KubeRequest, LeaderElector, TermEnd } from "@cluster-ipam/kube";
import type { Counter, Histogram, MetricRegistry } from "@cluster-ipam/telemetry";

/** Every name of the controller's own begins so. */
const PREFIX = "cluster_ipam_controller_";
const MS_PER_S = 1_000;
const REQUEST_BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const LEADING = { name: `${PREFIX}leading`, help: "1 while this replica is the leader." } as const;
const TERMS = { name: `${PREFIX}terms_total`, help: "How often this replica became the leader." } as const;
const TERMS_ENDED = {
  name: `${PREFIX}terms_ended_total`,
  help: "How often this replica stopped to be the leader, by reason: shutdown, deadline, taken, work-ended.",
  labels: ["reason"],
} as const;
const ELECTION_FAILURES = {
  name: `${PREFIX}election_failures_total`,
  help: "Tries to get or to keep the lead that had no usable answer.",
} as const;
const REQUESTS = {
  name: `${PREFIX}apiserver_requests_total`,
  help: "Requests to the API server, by method and HTTP status, 0 where there was no answer.",
  labels: ["method", "status"],
} as const;
const REQUEST_DURATION = {
  name: `${PREFIX}apiserver_request_duration_seconds`,
  help: "Time that a request to the API server took.",
  labels: ["method"],
  buckets: REQUEST_BUCKETS_S,
} as const;
const BUILD = { name: `${PREFIX}build_info`, help: "The controller's version.", labels: ["version"] } as const;

/** What the controller counts, as Prometheus wants it. docs/operations.md explains each and how to watch it. */
export class ControllerMetrics {
  readonly #registry: MetricRegistry;
  readonly #terms: Counter<never>;
  readonly #termsEnded: Counter<"reason">;
  readonly #electionFailures: Counter<never>;
  readonly #requests: Counter<"method" | "status">;
  readonly #requestDuration: Histogram<"method">;

  constructor(registry: MetricRegistry, version: string) {
    this.#registry = registry;
    this.#terms = registry.counter(TERMS);
    this.#termsEnded = registry.counter(TERMS_ENDED);
    this.#electionFailures = registry.counter(ELECTION_FAILURES);
    this.#requests = registry.counter(REQUESTS);
    this.#requestDuration = registry.histogram(REQUEST_DURATION);
    registry.info(BUILD, { version });
  }

  /** Tells from now on whether it leads; once. */
  watch(elector: Pick<LeaderElector, "isLeading">): void {
    this.#registry.gauge(LEADING, () => Number(elector.isLeading));
  }

  termBegan(): void {
    this.#terms.add({});
  }

  termEnded(reason: TermEnd): void {
    this.#termsEnded.add({ reason });
  }

  electionTryFailed(): void {
    this.#electionFailures.add({});
  }

  requestEnded({ method }: Pick<KubeRequest, "method">, answer: KubeAnswer, durationMs: number): void {
    const status = answer.kind === "answered" ? answer.status : 0;
    this.#requests.add({ method, status: String(status) });
    this.#requestDuration.observe({ method }, durationMs / MS_PER_S);
  }
}
