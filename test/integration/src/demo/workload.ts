import { addressesOf, type NetworkConfig, PodSandbox } from "../pod-sandbox.ts";
import { type PingReport, pingAll } from "../reachability.ts";
import type { SimulatedCluster } from "../simulated-cluster.ts";
import type { AddressRow } from "./address-table.ts";

const PODS_PER_NODE = 2;

/** A pod of the demo with the address that it got. */
export interface RunningPod extends AddressRow {
  readonly sandbox: PodSandbox;
}

/** The demo's pods on one network: some on each node, numbered across nodes as a Deployment would spread them. */
export class Workload {
  readonly #cluster: SimulatedCluster;
  readonly #network: NetworkConfig;
  readonly #pods: readonly RunningPod[];
  readonly #stopped = new Set<RunningPod>();

  private constructor(cluster: SimulatedCluster, network: NetworkConfig, pods: readonly RunningPod[]) {
    this.#cluster = cluster;
    this.#network = network;
    this.#pods = pods;
  }

  /** Starts the pods one after the other. @throws Error that holds the plugin's words when one cannot start. */
  static async start(cluster: SimulatedCluster, network: NetworkConfig): Promise<Workload> {
    const pods: RunningPod[] = [];
    for (let index = 0; index < cluster.nodes.length * PODS_PER_NODE; index++) {
      const node = cluster.nodes[index % cluster.nodes.length];
      if (node === undefined) continue;
      const pod = `web-${index}`;
      const sandbox = await PodSandbox.create(node, { namespace: "default", name: pod });
      const [address = ""] = addressesOf(await sandbox.attach(network));
      pods.push({ node: node.name, pod, address, sandbox });
    }
    return new Workload(cluster, network, pods);
  }

  /** Those that have not been stopped. */
  get pods(): readonly RunningPod[] {
    return this.#pods.filter((pod) => !this.#stopped.has(pod));
  }

  /** Of these, the pods of some nodes. */
  podsOn(...nodes: readonly string[]): readonly RunningPod[] {
    return this.pods.filter(({ node }) => nodes.includes(node));
  }

  /** Lets every pod ask every other one who it is. */
  async ping(): Promise<PingReport> {
    const members = this.#pods.map(({ pod, address, sandbox }) => ({
      name: pod,
      namespace: sandbox.namespace,
      addresses: [address],
    }));
    return await pingAll(this.#cluster.run, members);
  }

  /** Stops a pod as its runtime would: DEL, then the end of the sandbox. */
  async stop(pod: RunningPod): Promise<void> {
    await pod.sandbox.detach(this.#network);
    await pod.sandbox.delete();
    this.#stopped.add(pod);
  }

  /** Stops every pod. */
  async stopAll(): Promise<void> {
    for (const pod of this.#pods) await this.stop(pod);
  }
}
