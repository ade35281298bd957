import { type Counter, type Histogram, type MetricRegistry, RequestMetrics } from "@cluster-ipam/telemetry";
import type { AgentHealth } from "./agent.ts";
import { type AgentMeter, type BlockChange, RECONCILE_FINDINGS, type ReconcileFinding } from "./agent-meter.ts";

/** Every name of the agent's own begins so. */
const PREFIX = "cluster_ipam_agent_";
const MS_PER_S = 1_000;
/** From an ADD that costs one request to one that waits until its deadline. */
const CALL_BUCKETS_S = [0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20];
const CONFLICT_BUCKETS = [0, 1, 2, 4, 8, 16, 32];

const CALLS = {
  name: `${PREFIX}calls_total`,
  help: "CNI calls answered, by command and CNI error code, 0 for success.",
  labels: ["command", "code"],
} as const;
const CALL_DURATION = {
  name: `${PREFIX}call_duration_seconds`,
  help: "Time from a call's arrival at the agent to its answer.",
  labels: ["command"],
  buckets: CALL_BUCKETS_S,
} as const;
const CONFLICTS = {
  name: `${PREFIX}add_conflicts`,
  help: "Creates of one ADD that found the address taken.",
  buckets: CONFLICT_BUCKETS,
} as const;
const RETRIES = {
  name: `${PREFIX}apiserver_retries_total`,
  help: "Requests made again within a call, the one before having had no usable answer.",
} as const;
const SET_ASIDE = {
  name: `${PREFIX}spool_files_set_aside_total`,
  help: "Files of the spool that were no releases.",
} as const;
const SPOOL_FAILURES = {
  name: `${PREFIX}spool_write_failures_total`,
  help: "Releases that could not be written to the spool.",
} as const;
const FINDINGS = {
  name: `${PREFIX}reconcile_findings_total`,
  help: "What reconciliation found and did, or, in a dry run, left alone.",
  labels: ["finding", "mode"],
} as const;
const BLOCKS = {
  name: `${PREFIX}block_changes_total`,
  help: "Blocks of pools with nodeBlocks that the node has claimed, given back, or lost.",
  labels: ["change"],
} as const;
const BUILD = { name: `${PREFIX}build_info`, help: "The agent's version.", labels: ["version"] } as const;

/** What the agent counts, as Prometheus wants it. docs/operations.md explains each and how to watch it. */
export class AgentMetrics implements AgentMeter {
  readonly #calls: Counter<"command" | "code">;
  readonly #callDuration: Histogram<"command">;
  readonly #conflicts: Histogram<never>;
  readonly #requests: RequestMetrics;
  readonly #retries: Counter<never>;
  readonly #setAside: Counter<never>;
  readonly #spoolFailures: Counter<never>;
  readonly #findings: Counter<"finding" | "mode">;
  readonly #blocks: Counter<"change">;

  /**
   * @param health of the agent that this is the meter of, which comes to be after it; read at each scrape, undefined
   *   before there is one
   */
  constructor(registry: MetricRegistry, version: string, health: () => AgentHealth | undefined) {
    this.#calls = registry.counter(CALLS);
    this.#callDuration = registry.histogram(CALL_DURATION);
    this.#conflicts = registry.histogram(CONFLICTS);
    this.#requests = new RequestMetrics(registry, PREFIX);
    this.#retries = registry.counter(RETRIES);
    this.#setAside = registry.counter(SET_ASIDE);
    this.#spoolFailures = registry.counter(SPOOL_FAILURES);
    this.#findings = registry.counter(FINDINGS);
    for (const finding of RECONCILE_FINDINGS) this.#findings.begin({ finding, mode: "on" });
    this.#blocks = registry.counter(BLOCKS);
    registry.info(BUILD, { version });
    addHealthGauges(registry, health);
  }

  callEnded(command: string, cniCode: number, durationMs: number): void {
    this.#calls.add({ command, code: String(cniCode) });
    this.#callDuration.observe({ command }, durationMs / MS_PER_S);
  }

  addressesSearched(conflicts: number): void {
    this.#conflicts.observe({}, conflicts);
  }

  requestEnded(method: string, status: number, durationMs: number): void {
    this.#requests.ended(method, status, durationMs);
  }

  requestRetried(): void {
    this.#retries.add({});
  }

  spoolFileSetAside(): void {
    this.#setAside.add({});
  }

  spoolWriteFailed(): void {
    this.#spoolFailures.add({});
  }

  reconciled(finding: ReconcileFinding, isDryRun: boolean): void {
    this.#findings.add({ finding, mode: isDryRun ? "dry-run" : "on" });
  }

  blockChanged(change: BlockChange): void {
    this.#blocks.add({ change });
  }
}

/** What the agent's health says, in numbers; 0 before there is an agent. */
const HEALTH_GAUGES: readonly {
  readonly name: string;
  readonly help: string;
  readonly read: (health: AgentHealth) => number;
}[] = [
  { name: "leases", help: "Leases that the node holds.", read: ({ leases }) => leases },
  {
    name: "leases_loaded",
    help: "1 once the node's leases have been read; ADD is refused before.",
    read: ({ isLoaded }) => Number(isLoaded),
  },
  {
    name: "pending_releases",
    help: "Releases that the API server has not confirmed yet.",
    read: ({ pendingReleases }) => pendingReleases,
  },
  {
    name: "spooled_releases",
    help: "Files of the spool that are not settled yet.",
    read: ({ spooledReleases }) => spooledReleases,
  },
  {
    name: "apiserver_circuit_open",
    help: "1 while the API server is taken for away, and asked by one request at a time.",
    read: ({ apiServer }) => Number(apiServer.circuit !== "closed"),
  },
];

function addHealthGauges(registry: MetricRegistry, health: () => AgentHealth | undefined): void {
  for (const { name, help, read } of HEALTH_GAUGES) {
    registry.gauge({ name: PREFIX + name, help }, () => {
      const told = health();
      return told === undefined ? 0 : read(told);
    });
  }
}
