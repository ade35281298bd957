import type { LeaseStore, PoolStatusStore } from "@cluster-ipam/allocator";
import { API_VERSION, type Condition, type IPPool, type IPPoolStatus } from "@cluster-ipam/api";
import { type Clock, type EventRecorder, WorkQueue, type WorkQueueOptions, type WorkReport } from "@cluster-ipam/kube";
import type { Logger } from "@cluster-ipam/telemetry";
import type { ClusterView, ClusterViewer } from "./cluster-view.ts";
import type { Concern } from "./controller.ts";
import { KeptEnder } from "./kept-leases/kept-ender.ts";
import type { LeaseFact } from "./leases/lease-fact.ts";
import { type HeldLook, HeldPools } from "./pool-status/held-pools.ts";
import type { PoolGauges } from "./pool-status/pool-metrics.ts";
import { StatusKeeper } from "./pool-status/status-keeper.ts";
import { StatusLag } from "./pool-status/status-lag.ts";
import type { QueueMeter, QueueName } from "./queue-metrics.ts";
import { untilAborted } from "./until-aborted.ts";

/** What counts what the leader does with pools. */
export interface PoolsMeter {
  /** The figures of each pool, while this replica leads. */
  readonly pools: PoolGauges;
  readonly queues: QueueMeter;
  /** A status is written. */
  statusWritten(): void;
  /** A status that is written now says something that happened so long ago. */
  statusReflected(lagMs: number): void;
  /** The time of a kept lease was ended. */
  keptLeaseEnded(): void;
}

/** What a {@link PoolsConcern} is made of. */
export interface PoolsConcernOptions {
  readonly statuses: Pick<PoolStatusStore, "writeStatus">;
  readonly leases: Pick<LeaseStore, "get" | "replace" | "delete">;
  readonly events: Pick<EventRecorder, "tell">;
  readonly meter: PoolsMeter;
  readonly clock: Clock;
  /** The time of day, which is told to people alone. */
  readonly date: () => Date;
  /** A source of numbers in [0, 1). */
  readonly random: () => number;
  readonly nearlyFullPercent: number;
  readonly log: Logger;
}

/** Work on one pool begins so often at most: a change of its conditions is told within that time. */
const LOOK_INTERVAL_MS = 500;
const PARALLEL = { pools: 4, leases: 4 } as const;

/** Pools tell the truth about themselves, and addresses that are kept come free when their time is over. */
export class PoolsConcern implements Concern, ClusterViewer {
  readonly name = "pools";
  readonly #options: PoolsConcernOptions;
  readonly #view: Pick<ClusterView, "pools" | "leases" | "strays">;
  readonly #keeper: StatusKeeper;
  readonly #held = new HeldPools();
  readonly #lag = new StatusLag();
  readonly #ender: KeptEnder;
  readonly #pools: WorkQueue;
  readonly #kept: WorkQueue;
  /** Before everything has been read no count is right, and no pool known that keeps addresses. */
  #isSynced = false;

  /** @param view of one term, which tells this of its changes and has read everything when this runs */
  constructor(view: Pick<ClusterView, "pools" | "leases" | "strays">, options: PoolsConcernOptions) {
    this.#options = options;
    this.#view = view;
    const { clock, meter, statuses, log, date, nearlyFullPercent } = options;
    const { pools, leases, strays } = this.#view;
    this.#keeper = new StatusKeeper({
      pools,
      leases,
      strays,
      held: this.#held,
      nearlyFullPercent,
      log,
      store: statuses,
      nowMs: () => clock.nowMs(),
      timeOfDay: () => `${date().toISOString().slice(0, 19)}Z`,
      onCondition: (pool, condition) => this.#tellCondition(pool, condition),
      onWrite: () => meter.statusWritten(),
      onWritten: (pool) => this.#tellLag(pool),
      onStatus: (pool, status) => this.#showStatus(pool, status),
    });
    const work = (name: string, signal: AbortSignal): Promise<void> => this.#keepStatus(name, signal);
    const minIntervalMs = LOOK_INTERVAL_MS;
    this.#pools = this.#queue("pool-status", { work, parallelism: PARALLEL.pools, minIntervalMs });
    this.#ender = new KeptEnder(view, { ...options, onEnded: () => meter.keptLeaseEnded() });
    const endKept = (name: string, signal: AbortSignal): Promise<void> => this.#endKept(name, signal);
    this.#kept = this.#queue("kept-leases", { work: endKept, parallelism: PARALLEL.leases });
  }

  async run(signal: AbortSignal): Promise<void> {
    const { queues, pools } = this.#options.meter;
    this.#isSynced = true;
    queues.watch("pool-status", this.#pools);
    queues.watch("kept-leases", this.#kept);
    for (const name of this.#view.pools.names()) this.#pools.add(name);
    for (const { state, name } of this.#view.leases.all()) if (state === "kept") this.#kept.add(name);
    await untilAborted(signal);
    this.#isSynced = false;
    pools.clear();
    queues.watch("pool-status", undefined);
    queues.watch("kept-leases", undefined);
  }

  /** Ends what is under way; once. */
  async close(): Promise<void> {
    await Promise.all([this.#pools.close(), this.#kept.close()]);
  }

  leaseChanged(before: LeaseFact | undefined, after: LeaseFact | undefined): void {
    if (!this.#isSynced) return;
    if (after?.state === "kept") this.#kept.add(after.name);
    else if (before !== undefined) this.#ender.forget(before.name);
  }

  poolsChanged(names: Iterable<string>): void {
    if (!this.#isSynced) return;
    const nowMs = this.#options.clock.nowMs();
    for (const name of names) {
      this.#lag.changed(name, nowMs);
      this.#pools.add(name);
    }
  }

  /** A look for garbage has ended. */
  heldUp(look: HeldLook): void {
    this.poolsChanged(this.#held.set(look, this.#view.pools.names()));
  }

  unreadable(resource: string, name: string, cause: Error): void {
    this.#options.log.warn({ err: cause, resource, name }, "object cannot be read and is left out");
  }

  #queue(queue: QueueName, options: Pick<WorkQueueOptions, "work" | "parallelism" | "minIntervalMs">): WorkQueue {
    const { clock, random, meter, log } = this.#options;
    const onWorked = (report: WorkReport): void => {
      const { key, failure } = report;
      meter.queues.worked(queue, report);
      if (failure !== undefined) log.warn({ err: failure.error, key }, "work failed and will be tried again");
    };
    return new WorkQueue({ ...options, clock, random, onWorked });
  }

  async #keepStatus(name: string, signal: AbortSignal): Promise<void> {
    this.#lag.looked(name);
    const againMs = await this.#keeper.keep(name, signal);
    if (againMs === undefined) this.#lag.settled(name);
    else this.#pools.addAfter(name, againMs);
  }

  #tellLag(pool: string): void {
    const { meter, clock } = this.#options;
    const lagMs = this.#lag.written(pool, clock.nowMs());
    if (lagMs !== undefined) meter.statusReflected(lagMs);
  }

  /** One whose term is over shows nothing: work that it has begun may still end. */
  #showStatus(pool: string, status: IPPoolStatus | undefined): void {
    if (!this.#isSynced) return;
    const { pools } = this.#options.meter;
    if (status === undefined) pools.remove(pool);
    else pools.set(pool, status);
  }

  async #endKept(name: string, signal: AbortSignal): Promise<void> {
    const againMs = await this.#ender.look(name, signal);
    if (againMs !== undefined) this.#kept.addAfter(name, againMs);
  }

  #tellCondition({ metadata }: IPPool, { type, status, reason, message }: Condition): void {
    const { events, log } = this.#options;
    const { name, uid = "" } = metadata;
    log.info({ pool: name, condition: type, status, reason }, "condition of a pool has changed");
    const isBad = (type === "Ready") === (status !== "True") && type !== "Overlapping";
    events.tell({
      regarding: { apiVersion: API_VERSION, kind: "IPPool", name, namespace: "", uid },
      type: isBad ? "Warning" : "Normal",
      reason: status === "True" ? type : `Not${type}`,
      action: "ObservePool",
      note: message,
    });
  }
}
