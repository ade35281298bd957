import { ControlPlane, type ControlPlaneOptions } from "./control-plane.ts";
import { Fabric } from "./fabric.ts";
import { Run } from "./run.ts";
import { type AgentOptions, SimulatedNode } from "./simulated-node.ts";

/** How a cluster is set up. */
export interface ClusterOptions extends Pick<ControlPlaneOptions, "isDurable" | "isGuarded" | "onProgress"> {
  /** n1, n2 and n3 when absent. */
  readonly nodes?: readonly string[] | undefined;
  /** Ends everything early. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A control plane and some nodes on one network, without agents at first. Needs root.
 *
 * @example
 * await using cluster = await SimulatedCluster.start();
 * await cluster.startAgents();
 * const sandbox = await PodSandbox.create(cluster.node("n1"), { namespace: "default", name: "web-0" });
 */
export class SimulatedCluster implements AsyncDisposable {
  readonly run: Run;
  readonly fabric: Fabric;
  readonly controlPlane: ControlPlane;
  readonly nodes: readonly SimulatedNode[];

  private constructor(parts: Pick<SimulatedCluster, "run" | "fabric" | "controlPlane" | "nodes">) {
    this.run = parts.run;
    this.fabric = parts.fabric;
    this.controlPlane = parts.controlPlane;
    this.nodes = parts.nodes;
  }

  /** Starts a cluster. What it has made is removed when it fails. */
  static async start(options: ClusterOptions = {}): Promise<SimulatedCluster> {
    const run = await Run.open(options.signal);
    try {
      return new SimulatedCluster(await startParts(run, options));
    } catch (err) {
      await run.close();
      throw err;
    }
  }

  /** A node by its name. @throws Error when there is none. */
  node(name: string): SimulatedNode {
    const found = this.nodes.find((node) => node.name === name);
    if (found === undefined) throw new Error(`no node ${name} in this cluster`);
    return found;
  }

  /** Starts the agent of every node and waits until all are healthy. */
  async startAgents(options: AgentOptions = {}): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.startAgent(options)));
  }

  /** Ends and removes everything. */
  async close(): Promise<void> {
    await this.run.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

async function startParts(
  run: Run,
  options: ClusterOptions,
): Promise<Pick<SimulatedCluster, "run" | "fabric" | "controlPlane" | "nodes">> {
  const names = options.nodes ?? ["n1", "n2", "n3"];
  const { isDurable, isGuarded, onProgress } = options;
  const fabric = await Fabric.create(run);
  const controlPlane = await ControlPlane.start(run, { fabric, isDurable, isGuarded, onProgress, nodes: names });
  const nodes: SimulatedNode[] = [];
  for (const name of names) nodes.push(await SimulatedNode.create(name, fabric, controlPlane));
  return { run, fabric, controlPlane, nodes };
}
