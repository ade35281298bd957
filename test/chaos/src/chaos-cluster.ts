import { FaultyGateway, SimulatedCluster } from "@cluster-ipam/test-integration";
import type { Chance } from "@cluster-ipam/test-model";
import { AgentKeeper } from "./agent-keeper.ts";
import { Doubts } from "./doubts.ts";
import { createPools } from "./networks.ts";
import { RequestWeather } from "./request-weather.ts";
import { Runtime } from "./runtime.ts";
import { Sandboxes } from "./sandboxes.ts";
import { StateDisk } from "./state-disk.ts";

const NODES = ["n1", "n2"] as const;

/** Two nodes with everything that faults are done to. It ends with its cluster. */
export interface ChaosCluster {
  readonly cluster: SimulatedCluster;
  readonly agents: readonly AgentKeeper[];
  readonly disks: readonly StateDisk[];
  /** One for each node. */
  readonly runtimes: readonly Runtime[];
  readonly gateway: FaultyGateway;
  readonly weather: RequestWeather;
}

/** Starts a cluster of two nodes with an agent on each. */
export async function startChaosCluster(options: {
  readonly chance: Chance;
  readonly signal: AbortSignal;
  readonly onProgress: (text: string) => void;
}): Promise<ChaosCluster> {
  const { chance, signal, onProgress } = options;
  const cluster = await SimulatedCluster.start({ nodes: NODES, signal, onProgress });
  try {
    await createPools(cluster.controlPlane);
    const doubts = new Doubts();
    const disks = await Promise.all(cluster.nodes.map((node) => StateDisk.mount(node, doubts)));
    const sandboxes = new Sandboxes(cluster.run);
    const runtimes = cluster.nodes.map((node) => new Runtime(node, { sandboxes, doubts }));
    const gateway = await FaultyGateway.open(cluster);
    const weather = new RequestWeather(chance.of("weather"), doubts);
    gateway.disturb((seen) => weather.fateOf(seen));
    const agents = cluster.nodes.map((node) => new AgentKeeper(node));
    for (const agent of agents) await agent.start();
    return { cluster, agents, disks, runtimes, gateway, weather };
  } catch (error) {
    await cluster.close();
    throw error;
  }
}
