import { FakeClock, MemoryBlockStore, MemoryClusterFacts, seededRandom } from "@cluster-ipam/allocator/testing";
import type { AgentDeps } from "../agent-context.ts";
import { NO_METER } from "../agent-meter.ts";
import { FakeCircuit } from "./fake-circuit.ts";
import { FakeSandboxes } from "./fake-sandboxes.ts";
import { MemoryPods } from "./memory-pods.ts";
import { MemorySpool } from "./memory-spool.ts";
import { TickingClock } from "./ticking-clock.ts";

/** What an agent of node n1 is made of, all of it in memory but for `own`; time stands still. */
export function memoryDeps(own: Pick<AgentDeps, "leases" | "pools" | "log"> & Partial<AgentDeps>): AgentDeps {
  return {
    node: "n1",
    blocks: new MemoryBlockStore(),
    facts: new MemoryClusterFacts(),
    holders: { look: () => Promise.resolve({ pod: "there", node: "Ready" }) },
    pods: new MemoryPods(),
    date: () => new Date(0),
    sandboxes: new FakeSandboxes(),
    readKernelCommandLine: () => "",
    nodeAddresses: () => [],
    clock: new TickingClock(new FakeClock()),
    random: seededRandom(1),
    meter: NO_METER,
    circuit: new FakeCircuit(),
    apiServer: "https://192.0.2.1:6443",
    spool: new MemorySpool(),
    readFile: () => "",
    ...own,
  };
}
