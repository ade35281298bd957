import type { CniRequest, IpamResult } from "@cluster-ipam/cni";
import { IpamError } from "@cluster-ipam/errors";
import { type AgentContext, type AgentDeps, createContext } from "./agent-context.ts";
import { settlePending, settlePendingUntil } from "./settle-pending.ts";
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
}

/** Wait between two attempts at the first list: 500 ms, doubled each time, at most 10 s. */
const FIRST_LIST_RETRY = { firstMs: 500, maxMs: 10_000 } as const;
/** Bound of one attempt at it, so that what keeps it from being read is told to callers and to the log. */
const FIRST_LIST_TIMEOUT_MS = 5_000;
/** How often the spool is looked at: a plugin that waited for an answer in vain may spool while the agent runs. */
const SPOOL_LOOK_MS = 10_000;
/** Bound of the last round over pending releases. */
const LAST_ROUND_TIMEOUT_MS = 4_000;

/** The address manager of one node: the verbs of CNI over the leases that the node holds. */
export class Agent {
  readonly #context: AgentContext;
  readonly #loaded = Promise.withResolvers<void>();
  readonly #ended = new AbortController();
  readonly #running: Promise<unknown>;

  constructor(deps: AgentDeps) {
    this.#context = createContext(deps);
    const { signal } = this.#ended;
    // First of all: no ADD may be served before a DEL that was spooled earlier is known.
    this.#context.spooled.look();
    this.#running = Promise.all([
      this.#load(signal).then(() => settlePendingUntil(signal, this.#context)),
      this.#context.pools.refreshUntil(signal, deps.clock),
      this.#watchSpool(signal),
    ]);
  }

  /** Resolves once the node's leases have been read; before, ADD is refused. Never, where the agent is closed first. */
  get loaded(): Promise<void> {
    return this.#loaded.promise;
  }

  /** What `/healthz` tells. */
  health(): AgentHealth {
    const { node, attachments, pending, spooled } = this.#context;
    return {
      node,
      isLoaded: attachments.isLoaded,
      leases: attachments.size,
      pendingReleases: pending.size,
      spooledReleases: spooled.size,
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

  /** Ends the background work, with one more try at what is pending. Calls under way are the server's to wait for. */
  async close(): Promise<void> {
    const { pending, spooled, log } = this.#context;
    this.#ended.abort(new IpamError("agent-not-ready", "the agent is shutting down"));
    await this.#running;
    if (pending.size > 0) await settlePending(AbortSignal.timeout(LAST_ROUND_TIMEOUT_MS), this.#context);
    spooled.settle();
    if (pending.size === 0) return;
    // What a DEL left is in the spool for the next process; nothing but the sandboxes tells it of the rest.
    const counts = { pendingReleases: pending.size, spooledReleases: spooled.size };
    log.warn(counts, "agent ends with releases pending");
  }

  async #watchSpool(signal: AbortSignal): Promise<void> {
    const { clock, spooled } = this.#context;
    while (!signal.aborted) {
      await clock.sleep(SPOOL_LOOK_MS, signal);
      if (signal.aborted) return;
      spooled.look();
      spooled.settle();
    }
  }

  async #load(signal: AbortSignal): Promise<void> {
    const { attachments, nodeLeases, clock, log } = this.#context;
    let waitMs: number = FIRST_LIST_RETRY.firstMs;
    while (!signal.aborted && !attachments.isLoaded) {
      try {
        const bounded = AbortSignal.any([signal, AbortSignal.timeout(FIRST_LIST_TIMEOUT_MS)]);
        attachments.load(await nodeLeases.since(clock.nowMs(), bounded));
        log.info({ leases: attachments.size }, "node's leases read");
        this.#loaded.resolve();
      } catch (err) {
        if (signal.aborted) return;
        attachments.loadFailed(err);
        log.warn({ err }, "node's leases could not be read and will be tried again");
        await clock.sleep(waitMs, signal);
        waitMs = Math.min(waitMs * 2, FIRST_LIST_RETRY.maxMs);
      }
    }
  }
}
