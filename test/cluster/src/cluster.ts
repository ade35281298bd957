import { Run, requireTools, waitFor } from "@cluster-ipam/test-integration";
import { Network, type StartedNetwork } from "testcontainers";
import { forgoReaper } from "./config.ts";
import { ClusterControlPlane } from "./control-plane.ts";
import { docker, removeDeadContainers, requireEngine, tryDocker } from "./engine.ts";
import { buildImages, type Images } from "./images.ts";
import { Kubectl } from "./kubectl.ts";
import { NETWORKS } from "./networks.ts";
import { ClusterNode } from "./node-container.ts";

/** The nodes' names. */
const NODE_NAMES = ["n1", "n2", "n3"] as const;

/** How a cluster is started. */
export interface ClusterOptions {
  readonly signal?: AbortSignal | undefined;
  /** Hears of every step. */
  readonly onProgress?: ((text: string) => void) | undefined;
}

/**
 * Three real nodes in containers and a control plane on this machine, with nothing of ours installed. The nodes are not
 * Ready before their network has its plugin. Closing it removes everything.
 */
export class Cluster implements AsyncDisposable {
  readonly run: Run;
  readonly controlPlane: ClusterControlPlane;
  readonly nodes: readonly ClusterNode[];
  readonly images: Images;
  readonly kubectl: Kubectl;

  private constructor(run: Run, parts: Pick<Cluster, "controlPlane" | "nodes" | "images">) {
    this.run = run;
    this.controlPlane = parts.controlPlane;
    this.nodes = parts.nodes;
    this.images = parts.images;
    this.kubectl = new Kubectl(run, parts.controlPlane);
  }

  /** Builds the images and starts everything. @throws RequirementError of one line where something is missing. */
  static async start({ signal, onProgress: say = () => undefined }: ClusterOptions = {}): Promise<Cluster> {
    await requireEngine();
    await requireTools(["etcd", "kube-apiserver", "kubectl", "helm", "macvlan", "cluster-ipam", "cluster-ipam-agent"]);
    await removeDeadContainers();
    const run = await Run.open(signal);
    try {
      return await Cluster.#startIn(run, say);
    } catch (err) {
      await run.close();
      throw err;
    }
  }

  static async #startIn(run: Run, say: (text: string) => void): Promise<Cluster> {
    const images = await buildImages(run, say);
    const network = await startNetwork(run);
    const address = await gatewayOf(run);
    say(`starting the control plane at ${address}`);
    const controlPlane = await ClusterControlPlane.start(run, { address, nodes: NODE_NAMES });
    say(`starting ${NODE_NAMES.join(", ")}`);
    const nodes = await Promise.all(
      NODE_NAMES.map(async (name) => {
        const kubeconfigPath = await controlPlane.kubeconfigFor(`system:node:${name}`);
        return await ClusterNode.start(run, { name, network, images, kubeconfigPath });
      }),
    );
    const cluster = new Cluster(run, { controlPlane, nodes, images });
    await cluster.#prepare();
    return cluster;
  }

  /** A node by its name. */
  node(name: string): ClusterNode {
    const node = this.nodes.find((candidate) => candidate.name === name);
    if (node === undefined) throw new Error(`no node is called ${name}`);
    return node;
  }

  async close(): Promise<void> {
    this.controlPlane.api.disconnect();
    await this.run.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #prepare(): Promise<void> {
    await this.kubectl.apply(...NETWORKS.map(runtimeClass));
    const areThere = async (): Promise<true | undefined> => {
      const { items } = await this.kubectl.get<{ readonly items: readonly unknown[] }>("nodes");
      return items.length === NODE_NAMES.length ? true : undefined;
    };
    await waitFor(areThere, { what: "every Node", timeoutMs: 60_000, intervalMs: 500, signal: this.run.signal });
  }
}

function runtimeClass({ name }: { readonly name: string }): object {
  return { apiVersion: "node.k8s.io/v1", kind: "RuntimeClass", metadata: { name }, handler: name };
}

async function startNetwork(run: Run): Promise<StartedNetwork> {
  forgoReaper();
  run.defer(() => tryDocker("network", "rm", run.id));
  return await new Network({ nextUuid: () => run.id }).start();
}

async function gatewayOf(run: Run): Promise<string> {
  const text = await docker(run, "network", "inspect", "--format", "{{(index .IPAM.Config 0).Gateway}}", run.id);
  return text.trim();
}
