import { FakeClock, MemoryClusterFacts } from "@cluster-ipam/allocator/testing";
import type { PoolCall } from "../pools/pool-call.ts";
import { FactsCache } from "../server-facts/facts-cache.ts";
import type { PoolCache } from "../server-facts/pool-cache.ts";
import { never } from "./agent-world.ts";

/** A call of network lan on node n1 for a pod of namespace shop that has nothing yet, unless `change` says otherwise. */
export function poolCall(pools: PoolCache, change: Partial<PoolCall> = {}): PoolCall {
  const facts = new FactsCache("n1", new MemoryClusterFacts(), new FakeClock());
  const call = { network: "lan", namespace: "shop", held: [], inlinePools: "allow", signal: never() } as const;
  return { ...call, pools, facts, ...change };
}
