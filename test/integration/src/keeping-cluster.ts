import { TestNetwork } from "@cluster-ipam/allocator/testing";
import type { CniCall } from "./cni-call.ts";
import type { ControlPlane } from "./control-plane.ts";
import { deletePod } from "./core-objects.ts";
import { disableDuplicateDetection } from "./interface-state.ts";
import { addCall } from "./ipam-calls.ts";
import { createOwnedPod, type OwnedPod } from "./owned-pods.ts";
import { type NetworkConfig, PodSandbox } from "./pod-sandbox.ts";
import { SimulatedCluster } from "./simulated-cluster.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import { StandInController } from "./stand-in-controller.ts";
import { createPool } from "./stored-objects.ts";

/** A network whose pool keeps addresses, under the network's name. */
export interface KeepingNetwork {
  readonly config: NetworkConfig;
  readonly addresses: TestNetwork;
}

/** Who controls a pod, and what it says of itself. */
export type Owned = Pick<OwnedPod, "controllerKind" | "annotations">;

/** A macvlan whose pool is called as it is. */
export function keepingNetwork(name: string, subnet: string): KeepingNetwork {
  const ipam = { type: "cluster-ipam" };
  const config = { cniVersion: "1.0.0", name, type: "macvlan", master: "eth1", capabilities: { ips: true }, ipam };
  return { config, addresses: new TestNetwork(subnet) };
}

/** Nodes n1 and n2 under the admission policy, and a controller's part for pools that keep addresses. Needs root. */
export class KeepingCluster {
  readonly cluster: SimulatedCluster;
  readonly controller: StandInController;

  private constructor(cluster: SimulatedCluster) {
    this.cluster = cluster;
    this.controller = new StandInController(cluster.controlPlane);
  }

  static async start(): Promise<KeepingCluster> {
    const cluster = await SimulatedCluster.start({ isGuarded: true, nodes: ["n1", "n2"] });
    await cluster.startAgents();
    return new KeepingCluster(cluster);
  }

  get controlPlane(): ControlPlane {
    return this.cluster.controlPlane;
  }

  get n1(): SimulatedNode {
    return this.cluster.node("n1");
  }

  get n2(): SimulatedNode {
    return this.cluster.node("n2");
  }

  /** Makes the pool of a network, which a controller has looked at. */
  async pool(
    { config, addresses }: KeepingNetwork,
    spec: Omit<Parameters<typeof createPool>[2], "ranges">,
  ): Promise<void> {
    await createPool(this.controlPlane, config.name, { ...spec, ranges: [{ subnet: addresses.subnet }] });
    await this.controller.markReady(config.name);
  }

  /** A pod with its object on the server, and its sandbox on a node. */
  async startPod(node: SimulatedNode, name: string, owned: Owned): Promise<PodSandbox> {
    const pod = { ...owned, node: node.name, namespace: "default", name };
    const sandbox = await PodSandbox.create(node, await createOwnedPod(this.controlPlane, pod));
    await disableDuplicateDetection(sandbox.namespace);
    return sandbox;
  }

  /** As the kubelet ends a pod: the object goes last. */
  async stopPod(sandbox: PodSandbox, { config }: KeepingNetwork): Promise<void> {
    await sandbox.detach(config);
    await sandbox.delete();
    await deletePod(this.controlPlane, sandbox.pod);
  }

  async close(): Promise<void> {
    await this.cluster.close();
  }
}

/** An ADD for the pod of that name that asks for these addresses. */
export function addOf(name: string, { config }: KeepingNetwork, ips: readonly string[]): CniCall {
  return addCall(name, { ...config, runtimeConfig: { ips } });
}
