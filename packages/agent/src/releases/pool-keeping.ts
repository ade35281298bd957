import { type Keeping, type NodePods, PoolKeeping } from "@cluster-ipam/allocator";
import type { Logger } from "@cluster-ipam/telemetry";
import type { PoolCache } from "../server-facts/pool-cache.ts";

/** What the keeping of addresses is found out from. */
export interface PoolKeepingDeps {
  readonly pools: Pick<PoolCache, "look">;
  readonly pods: Pick<NodePods, "get">;
  readonly date: () => Date;
  readonly log: Logger;
}

/**
 * What the pools say of addresses that this node gives back: a pool that is in use is known, another costs one read.
 */
export function poolKeepingOf({ pools, pods, date, log }: PoolKeepingDeps): Keeping {
  return new PoolKeeping({
    pods,
    date,
    poolOf: async (name, signal) => (await pools.look(name, signal))?.pool,
    onUnreadablePool: (pool, err) =>
      log.warn({ err, pool }, "pool cannot be read: its addresses are free as soon as they are given back"),
    onUnreadablePod: (pod, err) =>
      log.warn({ err, pod }, "pod cannot be read: its name decides whether its address is kept"),
  });
}
