import { MemoryBlockStore, MemoryPoolStore } from "@cluster-ipam/allocator/testing";
import { LeaseLog } from "./lease-log.ts";
import { PoolHistory } from "./pool-history.ts";
import { SimulatedPods } from "./simulated-pods.ts";
import { Actor } from "./virtual-time.ts";

/** The API server: its objects, what they were at any moment, and whether it can be reached. */
export class SimulatedApiServer {
  readonly actor: Actor = new Actor("the API server");
  readonly leases: LeaseLog = new LeaseLog();
  readonly pools: MemoryPoolStore = new MemoryPoolStore();
  readonly blocks: MemoryBlockStore = new MemoryBlockStore();
  readonly pods: SimulatedPods = new SimulatedPods();
  /** What its pools were at any moment. */
  readonly history: PoolHistory;
  isAway = false;
  /** Requests that are on their way to it. */
  awaited = 0;

  constructor(now: () => number) {
    this.history = new PoolHistory(now);
  }
}
