import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { SEARCH_PATH, stateFolderOf } from "./cni-call.ts";
import type { CommandOptions, CommandResult } from "./command.ts";
import { agentUser, type ControlPlane } from "./control-plane.ts";
import { Daemon } from "./daemon.ts";
import type { Fabric } from "./fabric.ts";
import { NetworkNamespace } from "./namespaces.ts";
import type { Run } from "./run.ts";
import { toolPath } from "./tools.ts";
import { requestOverSocket } from "./unix-http.ts";
import { waitFor } from "./waiting.ts";

/** How an agent is started. */
export interface AgentOptions {
  /** Instead of the node's own. */
  readonly kubeconfigPath?: string | undefined;
  /** info when absent. */
  readonly logLevel?: "debug" | "info" | "warn" | "error" | undefined;
  /** More of its command line. */
  readonly flags?: readonly string[] | undefined;
  /** A command that runs the one behind it, such as one that enters a mount namespace. */
  readonly wrapper?: readonly string[] | undefined;
}

const HEALTHY_TIMEOUT_MS = 20_000;
const HEALTH_TIMEOUT_MS = 2_000;

/** Where libcni and host-local keep what they know, which on a real node is the node's own disk. */
const CNI_STATE_FOLDER = "/var/lib/cni";

/**
 * A node of the cluster: a network namespace with an interface to the API server (`eth0`), one for macvlan (`eth1`), a
 * disk of its own for CNI plugins, and an agent.
 */
export class SimulatedNode {
  readonly name: string;
  readonly run: Run;
  readonly namespace: NetworkNamespace;
  /** Where the agent listens; what CLUSTER_IPAM_SOCKET holds on this node. */
  readonly socketPath: string;
  /** Where the agent keeps its state; it outlives the agent. */
  readonly stateFolder: string;
  readonly #folder: string;
  readonly #controlPlane: ControlPlane;
  #agent: Daemon | undefined;

  private constructor(parts: Pick<SimulatedNode, "name" | "run" | "namespace">, controlPlane: ControlPlane) {
    this.name = parts.name;
    this.run = parts.run;
    this.namespace = parts.namespace;
    this.#controlPlane = controlPlane;
    this.#folder = join(parts.run.folder, parts.name);
    this.socketPath = join(this.#folder, "agent.sock");
    this.stateFolder = stateFolderOf(this.socketPath);
  }

  /** Makes a node and its Node object. No agent runs yet. */
  static async create(name: string, fabric: Fabric, controlPlane: ControlPlane): Promise<SimulatedNode> {
    const { run } = fabric.namespace;
    const namespace = await NetworkNamespace.create(run, name);
    await fabric.connect(namespace);
    const node = new SimulatedNode({ name, run, namespace }, controlPlane);
    await mkdir(node.stateFolder, { recursive: true });
    await mkdir(join(node.#folder, "cni"));
    // Only the mount point: what nodes keep there stays in their folders (see execAsRuntime).
    await mkdir(CNI_STATE_FOLDER, { recursive: true });
    const object = { apiVersion: "v1", kind: "Node", metadata: { name, labels: { "kubernetes.io/hostname": name } } };
    await controlPlane.api.ensure("/api/v1/nodes", JSON.stringify(object));
    return node;
  }

  /** The agent's process. @throws Error when it has not been started. */
  get agent(): Daemon {
    if (this.#agent === undefined) throw new Error(`the agent of ${this.name} has not been started`);
    return this.#agent;
  }

  /** Starts the agent and waits until it is healthy. @throws Error with the end of its log when it ends instead. */
  async startAgent(options: AgentOptions = {}): Promise<void> {
    const agent = await this.launchAgent(options);
    const isHealthy = async (): Promise<true | undefined> => {
      await agent.assertRunning();
      return (await this.isHealthy()) ? true : undefined;
    };
    const what = `the agent of ${this.name} to be healthy`;
    await waitFor(isHealthy, { what, timeoutMs: HEALTHY_TIMEOUT_MS, signal: this.run.signal });
  }

  /** Starts the agent without waiting: for agents that cannot become healthy. */
  async launchAgent(options: AgentOptions = {}): Promise<Daemon> {
    const kubeconfig = options.kubeconfigPath ?? (await this.#controlPlane.kubeconfigFor(agentUser(this.name)));
    const flags = [
      `--node-name=${this.name}`,
      `--kubeconfig=${kubeconfig}`,
      `--socket=${this.socketPath}`,
      `--state-dir=${this.stateFolder}`,
      `--log-level=${options.logLevel ?? "info"}`,
      ...(options.flags ?? []),
    ];
    this.#agent = await Daemon.start(this.run, `the agent of ${this.name}`, {
      argv: [...this.namespace.enter, ...(options.wrapper ?? []), toolPath("cluster-ipam-agent"), ...flags],
      env: { PATH: SEARCH_PATH },
      logPath: join(this.#folder, "agent.log"),
    });
    return this.#agent;
  }

  /** Whether an agent answers on the socket that it is healthy. */
  async isHealthy(): Promise<boolean> {
    const { socketPath } = this;
    try {
      const request = { socketPath, method: "GET", path: "/healthz", timeoutMs: HEALTH_TIMEOUT_MS } as const;
      return (await requestOverSocket(request)).status === 200;
    } catch {
      return false;
    }
  }

  /**
   * Runs a command as this node's container runtime would: in the node's network, with the node's disk at /var/lib/cni.
   * The mount is private to the command, and network namespaces that are made meanwhile appear in it.
   */
  async execAsRuntime(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    const disk = join(this.#folder, "cni");
    const mount = `mount --bind "$0" ${CNI_STATE_FOLDER} && exec "$@"`;
    const prefix = ["unshare", "--mount", "--propagation", "slave", "--", "sh", "-c", mount, disk];
    return await this.namespace.exec([...prefix, ...argv], options);
  }
}
