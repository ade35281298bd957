import { type AgentOptions, type Daemon, requestOverSocket, type SimulatedNode } from "@cluster-ipam/test-integration";

/** What an agent tells of itself. */
export interface AgentHealth {
  readonly isLoaded: boolean;
  readonly pendingReleases: number;
  readonly spooledReleases: number;
}

const ASK_TIMEOUT_MS = 15_000;

/** Starts and kills the agents of one node, as a DaemonSet and a bad day do. */
export class AgentKeeper {
  readonly node: SimulatedNode;
  /** How many agents were killed. */
  kills = 0;
  #options: AgentOptions = {};
  #reconciliation: "on" | "off" = "on";
  #agents: Daemon[] = [];

  constructor(node: SimulatedNode) {
    this.node = node;
  }

  /** How the next agents are started. */
  configure(options: AgentOptions): void {
    this.#options = { ...this.#options, ...options };
  }

  /** Whether the next agents compare their leases with the sandboxes. @returns whether that is a change */
  turnReconciliation(mode: "on" | "off"): boolean {
    const isChange = this.#reconciliation !== mode;
    this.#reconciliation = mode;
    return isChange;
  }

  /** Starts one more agent, and does not wait for it. */
  async start(): Promise<void> {
    const flags = [`--reconcile=${this.#reconciliation}`];
    this.#agents.push(await this.node.launchAgent({ ...this.#options, flags }));
  }

  /** Kills every agent of the node, as a power cut would; or only the oldest `count`. */
  async kill(count: number = this.#agents.length): Promise<void> {
    await this.assertRunning();
    const doomed = this.#agents.splice(0, count);
    this.kills += doomed.length;
    await Promise.all(doomed.map((agent) => agent.kill()));
  }

  /** Kills what is there and starts one agent. */
  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  /** @throws Error with the end of the log of an agent that has ended by itself. */
  async assertRunning(): Promise<void> {
    for (const agent of this.#agents) await agent.assertRunning();
  }

  /** What the serving agent says of itself; undefined where none answers. */
  async health(): Promise<AgentHealth | undefined> {
    const answer = await this.#ask("GET", "/healthz");
    return answer?.status === 200 ? (JSON.parse(answer.body) as AgentHealth) : undefined;
  }

  /** Asks the agent to compare its leases with the node's sandboxes now. */
  async reconcile(): Promise<void> {
    await this.#ask("POST", "/v1/reconcile");
  }

  async #ask(
    method: "GET" | "POST",
    path: string,
  ): Promise<{ readonly status: number; readonly body: string } | undefined> {
    const { socketPath } = this.node;
    return await requestOverSocket({ socketPath, method, path, timeoutMs: ASK_TIMEOUT_MS }).catch(() => undefined);
  }
}
