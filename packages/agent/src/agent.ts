import type { CniRequest, IpamResult } from "@cluster-ipam/cni";
import { IpamError } from "@cluster-ipam/errors";
import { type AgentContext, type AgentDeps, createContext } from "./agent-context.ts";
import type { ApiCircuitState } from "./api-circuit.ts";
import { readLateLeases, readNodeLeases } from "./reconciliation/node-leases.ts";
import type { ReconcileReport } from "./reconciliation/reconcile-report.ts";
import { Reconciler } from "./reconciliation/reconciler.ts";
import { NO_RECONCILIATION } from "./reconciliation/reconciliation-deps.ts";
import { settlePending, settlePendingUntil } from "./releases/settle-pending.ts";
import { refreshUntil } from "./server-facts/refreshed-read.ts";
import { add } from "./verbs/add.ts";
import { check } from "./verbs/check.ts";
import { del } from "./verbs/del.ts";
import { gc } from "./verbs/gc.ts";

/** What a call answers: a result for ADD, nothing for the other verbs. */
export type CallAnswer = IpamResult | undefined;

/** What `/healthz` tells of an agent. */
export interface AgentHealth {
  readonly node: string;
  readonly isLoaded: boolean;
  readonly leases: number;
  readonly pendingReleases: number;
  /** Files of the spool that are not settled yet. */
  readonly spooledReleases: number;
  /** Whether the API server gives answers; while its circuit is not closed, since when it gives none, and why. */
  readonly apiServer: {
    readonly circuit: ApiCircuitState["kind"];
    readonly since?: Date;
    readonly lastFailure?: string;
  };
}

/** How often the spool is looked at: a plugin that waited for an answer in vain may spool while the agent runs. */
const SPOOL_LOOK_MS = 10_000;
/** Bound of a round of reconciliation that somebody asked for. */
const RECONCILE_TIMEOUT_MS = 120_000;
/** Bound of the last round over pending releases. */
const LAST_ROUND_TIMEOUT_MS = 4_000;

/** The address manager of one node: the verbs of CNI over the leases that the node holds. */
export class Agent {
  /** URL of the API server, for messages. */
  readonly apiServer: string;
  readonly #context: AgentContext;
  readonly #reconciler: Reconciler;
  readonly #loaded = Promise.withResolvers<void>();
  readonly #ended = new AbortController();
  readonly #running: Promise<unknown>;
  #isAwayTold = false;

  constructor(deps: AgentDeps) {
    this.apiServer = deps.apiServer;
    this.#context = createContext(deps);
    this.#reconciler = new Reconciler(this.#context, deps.reconciliation ?? NO_RECONCILIATION);
    const { signal } = this.#ended;
    deps.circuit.onChange((state) => this.#tellCircuit(state));
    this.#running = Promise.all([
      this.#serve(signal),
      refreshUntil([this.#context.pools, this.#context.facts], deps.clock, signal),
      this.#watchSpool(signal),
    ]);
  }

  /** Resolves once the node's leases have been read; before, ADD is refused. Never, where the agent is closed first. */
  get loaded(): Promise<void> {
    return this.#loaded.promise;
  }

  /** What `/healthz` tells. */
  health(): AgentHealth {
    const { node, attachments, pending, spooled, circuit } = this.#context;
    return {
      node,
      isLoaded: attachments.isLoaded,
      leases: attachments.size,
      pendingReleases: pending.unconfirmed,
      spooledReleases: spooled.size,
      apiServer: describeCircuit(circuit.state),
    };
  }

  /**
   * Serves one call. `signal` bounds it: its reason is the error that the caller gets.
   *
   * @throws IpamError
   */
  async call(request: CniRequest, signal: AbortSignal): Promise<CallAnswer> {
    switch (request.command) {
      case "ADD":
        return add(request, this.#context, signal);
      case "DEL":
        await del(request, this.#context, signal);
        return undefined;
      case "CHECK":
        await check(request, this.#context, signal);
        return undefined;
      case "GC":
        await gc(request, this.#context, signal);
        return undefined;
      case "STATUS":
        // An agent that answers is available, also while the API server is away: a failing STATUS would make the
        // node NotReady and evict its pods.
        return undefined;
    }
  }

  /**
   * Holds the node's leases against its sandboxes, its pods and the server now. What looks stale is released only when a
   * later round, long enough after this one, finds the same.
   *
   * @throws IpamError `agent-not-ready` where reconciliation is off or the node's leases have not been read yet
   */
  async reconcile(): Promise<ReconcileReport> {
    if (this.#reconciler.mode === "off") {
      throw new IpamError("agent-not-ready", "reconciliation is off: the agent runs with --reconcile=off");
    }
    this.#context.attachments.assertLoaded();
    const signal = AbortSignal.any([this.#ended.signal, AbortSignal.timeout(RECONCILE_TIMEOUT_MS)]);
    return this.#reconciler.reconcile(signal);
  }

  /** Ends the background work, with one more try at what is pending. Calls under way are the server's to wait for. */
  async close(): Promise<void> {
    const { pending, spooled, log } = this.#context;
    this.#ended.abort(new IpamError("agent-not-ready", "the agent is shutting down"));
    await this.#running;
    if (pending.unconfirmed > 0) await settlePending(AbortSignal.timeout(LAST_ROUND_TIMEOUT_MS), this.#context);
    spooled.settle();
    if (pending.unconfirmed === 0) return;
    // What a DEL or a failed ADD left is in the spool for the next process; the rest are looks for late writes.
    const counts = { pendingReleases: pending.unconfirmed, spooledReleases: spooled.size };
    log.warn(counts, "agent ends with releases pending");
  }

  async #serve(signal: AbortSignal): Promise<void> {
    // First of all: no ADD may be served before a DEL that was spooled earlier is known.
    await this.#context.spooled.lookAll(this.#context.clock, signal);
    await readNodeLeases(this.#context, signal);
    if (signal.aborted) return;
    this.#loaded.resolve();
    await Promise.all([
      settlePendingUntil(signal, this.#context),
      readLateLeases(this.#context, signal),
      this.#reconciler.runUntil(signal),
      this.#context.blocks.runUntil(signal),
    ]);
  }

  async #watchSpool(signal: AbortSignal): Promise<void> {
    const { clock, spooled } = this.#context;
    while (!signal.aborted) {
      await clock.sleep(SPOOL_LOOK_MS, signal);
      if (signal.aborted) return;
      await spooled.lookAll(clock, signal);
      await spooled.settleAll(clock, signal);
    }
  }

  #tellCircuit(state: ApiCircuitState): void {
    const { log, apiServer } = this.#context;
    const wasAway = this.#isAwayTold;
    this.#isAwayTold = state.kind !== "closed";
    if (state.kind === "closed") log.info({ apiServer }, "API server answers again");
    else if (!wasAway) log.warn({ apiServer, reason: state.lastFailure }, "API server gives no usable answers");
  }
}

function describeCircuit(state: ApiCircuitState): AgentHealth["apiServer"] {
  if (state.kind === "closed") return { circuit: "closed" };
  const { kind: circuit, since, lastFailure } = state;
  return { circuit, since, lastFailure };
}
