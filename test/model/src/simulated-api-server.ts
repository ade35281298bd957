import { MemoryPoolStore } from "@cluster-ipam/allocator/testing";
import { BlockLog } from "./block-log.ts";
import { LeaseLog } from "./lease-log.ts";
import type { NodePlan } from "./plan.ts";
import { PoolHistory } from "./pool-history.ts";
import { SimulatedPods } from "./simulated-pods.ts";
import { Actor } from "./virtual-time.ts";
import { ZoneHistory } from "./zone-history.ts";

/** The API server: its objects, what they were at any moment, and whether it can be reached. */
export class SimulatedApiServer {
  readonly actor: Actor = new Actor("the API server");
  readonly leases: LeaseLog = new LeaseLog();
  readonly pools: MemoryPoolStore = new MemoryPoolStore();
  readonly blocks: BlockLog = new BlockLog();
  readonly pods: SimulatedPods = new SimulatedPods();
  /** What its pools were at any moment. */
  readonly history: PoolHistory;
  /** What its nodes and namespaces were. */
  readonly zones: ZoneHistory;
  isAway = false;
  /** Requests that are on their way to it. */
  awaited = 0;

  constructor(now: () => number, nodes: readonly NodePlan[]) {
    this.history = new PoolHistory(now, nodes);
    this.zones = new ZoneHistory(now, nodes);
  }
}
