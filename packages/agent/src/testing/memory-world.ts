import { FakeClock, MemoryLeaseStore, MemoryPoolStore, seededRandom } from "@cluster-ipam/allocator/testing";
import { AgentWorld, type WorldParts } from "./agent-world.ts";

/** A world of which everything is in memory. */
export type MemoryWorld = AgentWorld<MemoryLeaseStore, MemoryPoolStore, FakeClock>;

/** A world with empty stores, a clock that a test moves and chance that repeats itself, but for what a test brings. */
export function memoryWorld(
  parts: Partial<WorldParts<MemoryLeaseStore, MemoryPoolStore, FakeClock>> = {},
): MemoryWorld {
  return new AgentWorld({
    leases: new MemoryLeaseStore(),
    pools: new MemoryPoolStore(),
    clock: new FakeClock(),
    random: seededRandom(1),
    ...parts,
  });
}
