import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { clusterValues, mustRun, toolPath, waitFor } from "@cluster-ipam/test-integration";
import type { Cluster } from "./cluster.ts";
import { KERNEL_COMMAND_LINE, NODE_POOL } from "./networks.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const CHART = join(ROOT, "charts/cluster-ipam");

/** Name and namespace of the release. */
const RELEASE = "cluster-ipam";
const NAMESPACE = "kube-system";

const ROLL_OUT_TIMEOUT = "--timeout=180s";

/** The release of the chart on a cluster, with the images of the run. */
export class Installation {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** `helm install`, and the pools; waits until agents and controllers are ready. */
  async install(): Promise<void> {
    await this.#helm("install", RELEASE, CHART, "--values", await this.#values(this.#cluster.images.tag));
    await this.#untilPoolsAreServed();
    await this.#cluster.kubectl.apply(nodePool());
    await this.untilReady();
  }

  /** `helm upgrade` to images of another tag; waits until every agent and controller is of it. */
  async upgrade(tag: string): Promise<void> {
    await this.#helm("upgrade", RELEASE, CHART, "--values", await this.#values(tag));
    await this.untilReady();
  }

  /** `helm uninstall`; waits until the last agent is gone. */
  async uninstall(): Promise<void> {
    await this.#helm("uninstall", RELEASE, "--wait", "--timeout=120s");
  }

  /** Waits until every node has an agent, and every controller runs. */
  async untilReady(): Promise<void> {
    const { kubectl } = this.#cluster;
    for (const name of [`daemonset/${RELEASE}-agent`, `deployment/${RELEASE}-controller`]) {
      await kubectl.run("--namespace", NAMESPACE, "rollout", "status", name, ROLL_OUT_TIMEOUT);
    }
  }

  async #helm(...args: readonly string[]): Promise<void> {
    const { run, controlPlane } = this.#cluster;
    const env = { PATH: "/usr/bin:/bin", HOME: run.folder, KUBECONFIG: controlPlane.kubeconfigPath };
    await mustRun([toolPath("helm"), "--namespace", NAMESPACE, ...args], {
      env,
      timeoutMs: 180_000,
      signal: run.signal,
    });
  }

  async #values(tag: string): Promise<string> {
    const { run, images, controlPlane } = this.#cluster;
    const values = clusterValues({
      registry: images.registry,
      tag,
      serverUrl: controlPlane.server.url,
      kernelCommandLine: KERNEL_COMMAND_LINE,
    });
    const path = join(run.folder, "values.json");
    await writeFile(path, JSON.stringify(values));
    return path;
  }

  async #untilPoolsAreServed(): Promise<void> {
    const { run, kubectl } = this.#cluster;
    const isServed = async (): Promise<true | undefined> =>
      (await kubectl.try("get", "ippools")).exitCode === 0 ? true : undefined;
    await waitFor(isServed, { what: "ippools to be served", timeoutMs: 30_000, intervalMs: 500, signal: run.signal });
  }
}

/** The pool of the nodes' own networks: each node hands out of its podCIDR. */
function nodePool(): object {
  const spec = { source: "NodePodCIDR" };
  return { apiVersion: "cluster-ipam.io/v1alpha1", kind: "IPPool", metadata: { name: NODE_POOL }, spec };
}
