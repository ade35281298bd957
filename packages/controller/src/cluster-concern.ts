import type { BlockStore, LeaseStore, NodePods, PoolStatusStore } from "@cluster-ipam/allocator";
import type { Clock, EventRecorder, InformerMeter, KubeClient } from "@cluster-ipam/kube";
import type { Logger } from "@cluster-ipam/telemetry";
import { ClusterView } from "./cluster-view.ts";
import type { CheckDesk } from "./consistency/check-desk.ts";
import type { CheckMeter } from "./consistency/check-journal.ts";
import type { ClusterPods } from "./consistency/cluster-pods.ts";
import { ConsistencyConcern, type ConsistencySettings } from "./consistency/consistency-concern.ts";
import { type Concern, Controller } from "./controller.ts";
import { GarbageConcern, type GarbageSettings } from "./garbage/garbage-concern.ts";
import type { GarbageMeter } from "./garbage/garbage-journal.ts";
import type { ClusterNodes } from "./garbage/lost-node.ts";
import { InformerJournal } from "./informer-journal.ts";
import type { HeldLook } from "./pool-status/held-pools.ts";
import { PoolsConcern, type PoolsMeter } from "./pools-concern.ts";
import { untilAborted } from "./until-aborted.ts";

/** What counts what the leader sees and does. */
export interface ClusterMeter extends PoolsMeter, GarbageMeter {
  readonly checks: CheckMeter;
  /** For the copy of one resource. */
  informer(resource: string): InformerMeter;
}

/** Where the leader's writes go, and its reads of what the server has now. */
export interface ClusterStores {
  readonly leases: Pick<LeaseStore, "get" | "delete" | "replace" | "listNames">;
  readonly pools: PoolStatusStore;
  readonly blocks: Pick<BlockStore, "delete">;
  readonly pods: Pick<NodePods, "get">;
  readonly nodes: Pick<ClusterNodes, "read">;
  readonly clusterPods: ClusterPods;
}

/** What a {@link ClusterConcern} is made of. */
export interface ClusterConcernOptions {
  readonly client: Pick<KubeClient, "request" | "stream">;
  readonly stores: ClusterStores;
  readonly events: Pick<EventRecorder, "tell">;
  readonly meter: ClusterMeter;
  readonly clock: Clock;
  /** The time of day, which is told to people alone. */
  readonly date: () => Date;
  readonly nearlyFullPercent: number;
  readonly garbage: GarbageSettings;
  readonly consistency: ConsistencySettings;
  /** Where people ask for a check. */
  readonly desk: CheckDesk;
  /** A source of numbers in [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
}

/** All that the leader sees to over one set of copies of the cluster's objects, new ones for each of its terms. */
export class ClusterConcern implements Concern {
  readonly name = "cluster";
  readonly #options: ClusterConcernOptions;

  constructor(options: ClusterConcernOptions) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { client, clock, random, meter, log } = this.#options;
    const meterOf = (resource: string): InformerMeter => new InformerJournal(resource, log, meter.informer(resource));
    const view = new ClusterView({ client, clock, random, meterOf });
    const { stores, garbage, consistency, ...shared } = this.#options;
    const pools = new PoolsConcern(view, { ...shared, statuses: stores.pools, leases: stores.leases });
    const onHeld = (look: HeldLook): void => pools.heldUp(look);
    const concerns = [
      pools,
      new GarbageConcern(view, { ...shared, ...stores, ...garbage, onHeld }),
      new ConsistencyConcern(view, { ...shared, ...stores, ...consistency, meter: meter.checks }),
    ];
    try {
      await Promise.race([view.start(pools), untilAborted(signal)]);
      if (!signal.aborted) await new Controller({ concerns, log }).run(signal);
    } finally {
      await view.close().catch(() => undefined);
      await pools.close();
    }
  }
}
