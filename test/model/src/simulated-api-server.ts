import { BlockLog } from "./block-log.ts";
import { ChangeFeed } from "./change-feed.ts";
import { LeaseLog } from "./lease-log.ts";
import { MachineHistory } from "./machine-history.ts";
import type { NodePlan } from "./plan.ts";
import { PoolHistory } from "./pool-history.ts";
import { PoolLog } from "./pool-log.ts";
import { SimulatedNodeObjects } from "./simulated-node-objects.ts";
import { SimulatedPods } from "./simulated-pods.ts";
import { Actor } from "./virtual-time.ts";
import { ZoneHistory } from "./zone-history.ts";

/** The API server: its objects, what they were at any moment, and whether it can be reached. */
export class SimulatedApiServer {
  readonly actor: Actor = new Actor("the API server");
  /** What can be listed and watched. */
  readonly feeds: Readonly<Record<"leases" | "pools" | "blocks" | "nodes", ChangeFeed>> = {
    leases: new ChangeFeed("IPLeaseList"),
    pools: new ChangeFeed("IPPoolList"),
    blocks: new ChangeFeed("IPBlockList"),
    nodes: new ChangeFeed("NodeList"),
  };
  readonly leases: LeaseLog;
  readonly pools: PoolLog;
  readonly blocks: BlockLog = new BlockLog(this.feeds.blocks);
  readonly pods: SimulatedPods = new SimulatedPods();
  readonly nodes: SimulatedNodeObjects;
  /** What its pools were at any moment. */
  readonly history: PoolHistory;
  /** What its nodes and namespaces were. */
  readonly zones: ZoneHistory;
  /** What the machines were, which no object of it tells. */
  readonly machines: MachineHistory;
  isAway = false;
  /** Requests that are on their way to it. */
  awaited = 0;

  constructor(now: () => number, nodes: readonly NodePlan[]) {
    this.leases = new LeaseLog(this.feeds.leases, now);
    this.pools = new PoolLog(this.feeds.pools);
    this.nodes = new SimulatedNodeObjects(this.feeds.nodes, nodes);
    this.history = new PoolHistory(now, nodes);
    this.zones = new ZoneHistory(now, nodes);
    this.machines = new MachineHistory(now);
  }
}
