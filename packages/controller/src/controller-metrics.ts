import {
  type InformerMeter,
  type KubeAnswer,
  type KubeRequest,
  type LeaderElector,
  NO_INFORMER_METER,
  type TermEnd,
} from "@cluster-ipam/kube";
import { type Counter, type Histogram, type MetricRegistry, RequestMetrics } from "@cluster-ipam/telemetry";
import type { ClusterMeter } from "./cluster-concern.ts";
import { CheckMetrics } from "./consistency/check-metrics.ts";
import type { GarbageKind, GarbageReason } from "./garbage/garbage-journal.ts";
import { PoolMetrics } from "./pool-status/pool-metrics.ts";
import { QueueMetrics } from "./queue-metrics.ts";

/** Every name of the controller's own begins so. */
const PREFIX = "cluster_ipam_controller_";
const MS_PER_S = 1_000;

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
const STATUSES = {
  name: `${PREFIX}pool_statuses_written_total`,
  help: "Statuses of IPPools that this replica has written or tried to write.",
} as const;
const STATUS_LAG = {
  name: `${PREFIX}pool_status_lag_seconds`,
  help: "Time from when this replica heard of a change to when the pool's status said it.",
  buckets: [0.5, 1, 2.5, 5, 6, 10, 30, 60],
} as const;
const KEPT_ENDED = {
  name: `${PREFIX}kept_leases_ended_total`,
  help: "Leases whose cool-down or retention this replica has ended.",
} as const;
const GARBAGE = {
  name: `${PREFIX}garbage_total`,
  help: "What was left behind and is removed, by kind, reason and mode; in a dry run it is only told.",
  labels: ["kind", "reason", "mode"],
} as const;
const GARBAGE_ROUNDS = {
  name: `${PREFIX}garbage_rounds_total`,
  help: "Looks for garbage, by outcome: done, braked, failed.",
  labels: ["outcome"],
} as const;
const GARBAGE_BRAKED = {
  name: `${PREFIX}garbage_braked`,
  help: "1 while nothing of lost nodes is given back since too much would go at once.",
} as const;
const LISTS = {
  name: `${PREFIX}lists_total`,
  help: "Whole lists of a resource that were read, by resource: one at the start of a term, others where a watch was lost.",
  labels: ["resource"],
} as const;
const WATCHES = {
  name: `${PREFIX}watches_ended_total`,
  help: "Watches that have ended, by resource and by how.",
  labels: ["resource", "ending"],
} as const;
const READ_FAILURES = {
  name: `${PREFIX}list_failures_total`,
  help: "Reads of a list that had no usable answer, by resource; they are made again.",
  labels: ["resource"],
} as const;
const HANDLER_FAILURES = {
  name: `${PREFIX}watch_handler_failures_total`,
  help: "Changes, by resource, that a watch told of and that could not be taken in: a mistake in the controller.",
  labels: ["resource"],
} as const;
const BUILD = { name: `${PREFIX}build_info`, help: "The controller's version.", labels: ["version"] } as const;

/** What the controller counts, as Prometheus wants it. docs/operations.md explains each and how to watch it. */
export class ControllerMetrics implements ClusterMeter {
  readonly pools: PoolMetrics;
  readonly queues: QueueMetrics;
  readonly checks: CheckMetrics;
  readonly #registry: MetricRegistry;
  readonly #terms: Counter<never>;
  readonly #termsEnded: Counter<"reason">;
  readonly #electionFailures: Counter<never>;
  readonly #requests: RequestMetrics;
  readonly #statuses: Counter<never>;
  readonly #statusLag: Histogram<never>;
  readonly #keptEnded: Counter<never>;
  readonly #garbage: Counter<"kind" | "reason" | "mode">;
  readonly #garbageRounds: Counter<"outcome">;
  readonly #lists: Counter<"resource">;
  readonly #watches: Counter<"resource" | "ending">;
  readonly #readFailures: Counter<"resource">;
  readonly #handlerFailures: Counter<"resource">;
  #isBraked = false;
  #elector: Pick<LeaderElector, "isLeading"> | undefined;

  constructor(registry: MetricRegistry, version: string) {
    this.#registry = registry;
    this.#terms = registry.counter(TERMS);
    this.#termsEnded = registry.counter(TERMS_ENDED);
    this.#electionFailures = registry.counter(ELECTION_FAILURES);
    this.#requests = new RequestMetrics(registry, PREFIX);
    this.#statuses = registry.counter(STATUSES);
    this.#statusLag = registry.histogram(STATUS_LAG);
    this.pools = new PoolMetrics(registry, PREFIX, () => this.#elector?.isLeading ?? true);
    this.queues = new QueueMetrics(registry, PREFIX);
    this.checks = new CheckMetrics(registry, PREFIX);
    this.#keptEnded = registry.counter(KEPT_ENDED);
    this.#garbage = registry.counter(GARBAGE);
    this.#garbageRounds = registry.counter(GARBAGE_ROUNDS);
    for (const outcome of ["done", "braked", "failed"]) this.#garbageRounds.begin({ outcome });
    registry.gauge(GARBAGE_BRAKED, () => Number(this.#isBraked));
    this.#lists = registry.counter(LISTS);
    this.#watches = registry.counter(WATCHES);
    this.#readFailures = registry.counter(READ_FAILURES);
    this.#handlerFailures = registry.counter(HANDLER_FAILURES);
    registry.info(BUILD, { version });
  }

  /** Tells from now on whether it leads; once. */
  watch(elector: Pick<LeaderElector, "isLeading">): void {
    this.#elector = elector;
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

  statusWritten(): void {
    this.#statuses.add({});
  }

  statusReflected(lagMs: number): void {
    this.#statusLag.observe({}, lagMs / MS_PER_S);
  }

  keptLeaseEnded(): void {
    this.#keptEnded.add({});
  }

  garbageFound(kind: GarbageKind, reason: GarbageReason, isDryRun: boolean): void {
    this.#garbage.add({ kind, reason, mode: isDryRun ? "dry-run" : "on" });
  }

  garbageRoundEnded(outcome: "done" | "braked" | "failed"): void {
    this.#garbageRounds.add({ outcome });
  }

  garbageBraked(isBraked: boolean): void {
    this.#isBraked = isBraked;
  }

  informer(resource: string): InformerMeter {
    this.#handlerFailures.begin({ resource });
    return {
      ...NO_INFORMER_METER,
      listed: () => this.#lists.add({ resource }),
      watchEnded: ({ kind }) => this.#watches.add({ resource, ending: kind }),
      readFailed: () => this.#readFailures.add({ resource }),
      handlerFailed: () => this.#handlerFailures.add({ resource }),
    };
  }

  requestEnded({ method }: Pick<KubeRequest, "method">, answer: KubeAnswer, durationMs: number): void {
    this.#requests.ended(method, answer.kind === "answered" ? answer.status : 0, durationMs);
  }
}
