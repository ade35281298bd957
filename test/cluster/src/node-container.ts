import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { type Run, type WaitOptions, waitFor } from "@cluster-ipam/test-integration";
import { GenericContainer, type StartedNetwork, type StartedTestContainer, Wait } from "testcontainers";
import { docker, tryDocker } from "./engine.ts";
import type { Images } from "./images.ts";
import { containerdRuntimes, networkFiles } from "./networks.ts";

const CONTAINERD_CONFIG = resolve(import.meta.dirname, "../node/containerd.toml");
const START_TIMEOUT_MS = 120_000;

/** What a node is made from. */
export interface NodeOptions {
  readonly name: string;
  readonly network: StartedNetwork;
  readonly images: Images;
  readonly kubeconfigPath: string;
}

/** A container that may do what a node does: mount, make network namespaces and run containers. */
class NodeContainer extends GenericContainer {
  protected override async beforeContainerCreated(): Promise<void> {
    // What kubelet and containerd make of control groups lies within the container's own, and goes with it.
    // An init takes up the orphans of runc and the shims, which kubelet would leave as zombies.
    Object.assign(this.hostConfig, { CgroupnsMode: "private", Init: true });
    // The command line calls this systempaths=unconfined: kubelet and runc write below /proc/sys.
    this.hostConfig.MaskedPaths = [];
    this.hostConfig.ReadonlyPaths = [];
    await super.beforeContainerCreated?.();
  }
}

/** A node of the cluster: containerd and kubelet in a container. */
export class ClusterNode {
  readonly name: string;
  readonly #run: Run;
  readonly #container: StartedTestContainer;

  private constructor(run: Run, name: string, container: StartedTestContainer) {
    this.#run = run;
    this.name = name;
    this.#container = container;
  }

  /** Starts it and waits until kubelet runs; the Node object follows a little later. */
  static async start(run: Run, options: NodeOptions): Promise<ClusterNode> {
    const { name, network, images } = options;
    const containerName = `${run.id}-${name}`;
    run.defer(() => tryDocker("rm", "--force", "--volumes", containerName));
    const container = await new NodeContainer(images.node)
      .withName(containerName)
      .withHostname(name)
      .withEnvironment({ NODE_NAME: name })
      .withNetwork(network)
      .withAddedCapabilities("ALL")
      // Not every machine has it to give: some are containers themselves.
      .withDroppedCapabilities("SYS_RESOURCE")
      .withSecurityOpt("seccomp=unconfined", "apparmor=unconfined")
      .withTmpFs({ "/run": "rw,exec,mode=755", "/tmp": "rw,exec,mode=1777" })
      .withBindMounts([{ source: images.folder, target: "/images", mode: "ro" }])
      .withCopyContentToContainer([...(await configuration(options))])
      .withAutoCleanup(false)
      .withWaitStrategy(Wait.forLogMessage(/^node \S+ at /m))
      .withStartupTimeout(START_TIMEOUT_MS)
      .start();
    return new ClusterNode(run, name, container);
  }

  /** Runs a program in it. @returns what it printed. @throws Error when it fails. */
  async exec(...argv: readonly string[]): Promise<string> {
    const { exitCode, output } = await this.#container.exec([...argv]);
    if (exitCode !== 0) throw new Error(`${this.name}: ${argv.join(" ")}: exit code ${exitCode}: ${output.trim()}`);
    return output;
  }

  /** Ends every process in it at once, as a power cut does. */
  async kill(): Promise<void> {
    await docker(this.#run, "kill", this.#container.getId());
  }

  /** A power cut, and power again: what is below /run is gone, disks are not. */
  async reboot(): Promise<void> {
    await docker(this.#run, "restart", "--time", "0", this.#container.getId());
  }

  /** Kills the sandbox of a pod, as the kernel does when memory runs out. */
  async killSandbox(namespace: string, pod: string): Promise<void> {
    const filters = [
      "io.kubernetes.pod.namespace",
      namespace,
      "io.kubernetes.pod.name",
      pod,
      "io.cri-containerd.kind",
      "sandbox",
    ];
    const pairs = [0, 2, 4].map((index) => `labels."${filters[index]}"==${filters[index + 1]}`);
    const list = await this.exec("ctr", "--namespace", "k8s.io", "containers", "list", "--quiet", pairs.join(","));
    // The dead ones of earlier have no process any more.
    for (const id of list.trim().split("\n")) {
      await this.exec("sh", "-c", `ctr --namespace k8s.io tasks kill --signal SIGKILL ${id} 2>/dev/null || true`);
    }
  }

  /** Copies a file of this machine into it. */
  async copyIn(source: string, target: string): Promise<void> {
    await docker(this.#run, "cp", source, `${this.#container.getId()}:${target}`);
  }

  /** Waits for something that only the node itself shows. */
  async waitFor<T>(probe: () => Promise<T | undefined>, options: WaitOptions): Promise<T> {
    return await waitFor(probe, { signal: this.#run.signal, intervalMs: 500, ...options });
  }
}

async function configuration({
  name,
  kubeconfigPath,
}: NodeOptions): Promise<readonly { readonly target: string; readonly content: string }[]> {
  return [
    { target: "/etc/kubernetes/kubelet.conf", content: await readFile(kubeconfigPath, "utf8") },
    {
      target: "/etc/containerd/config.toml",
      content: `${await readFile(CONTAINERD_CONFIG, "utf8")}${containerdRuntimes()}`,
    },
    ...networkFiles(name),
  ];
}
