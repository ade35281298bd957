import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { API_PATH, API_VERSION, POOL_RESOURCE } from "@cluster-ipam/api";
import { agentUser, ControlPlane, Daemon, type Run, toolPath } from "@cluster-ipam/test-integration";

const READY_TIMEOUT_MS = 20_000;
const READY_LOOK_MS = 5;

/** What is measured: a real API server with a durable etcd, and one agent, all on loopback. */
export interface BenchCluster extends StartedAgent {
  readonly controlPlane: ControlPlane;
}

/** How a cluster is set up. */
export interface BenchClusterOptions {
  /** The agent's node; `bench` when absent. One machine has one agent of each name. */
  readonly node?: string;
  /** Nodes whose agents may be started later. */
  readonly moreNodes?: readonly string[];
  /** Subnets of more pools by their names, beside `bench`. */
  readonly pools?: Readonly<Record<string, string>>;
  /** Whether etcd writes through to the disk; true when absent. */
  readonly isDurable?: boolean;
}

/** Starts it; it ends with `run`. */
export async function startCluster(
  run: Run,
  say: (text: string) => void,
  { node = "bench", moreNodes = [], pools = {}, isDurable = true }: BenchClusterOptions = {},
): Promise<BenchCluster> {
  // Durable where it is not told otherwise: real clusters write through, and a cheaper POST would flatter nobody's ratio but the raw one's.
  const controlPlane = await ControlPlane.start(run, { isDurable, nodes: [node, ...moreNodes], onProgress: say });
  const objects = [
    poolOf("bench", { subnet: "10.0.0.0/9", gateway: "10.0.0.1" }),
    ...Object.entries(pools).map(([name, subnet]) => poolOf(name, { subnet })),
  ];
  for (const pool of objects) await controlPlane.api.ensure(`${API_PATH}/${POOL_RESOURCE}`, JSON.stringify(pool));
  return { controlPlane, ...(await startAgent(run, controlPlane, node)) };
}

/** An agent that has started, and how long it took until it could be called. */
export interface StartedAgent {
  readonly agent: Daemon;
  readonly socketPath: string;
  readonly startedAtMs: number;
  readonly readyMs: number;
}

/** Starts the agent of a node. */
export async function startAgent(run: Run, controlPlane: ControlPlane, node: string): Promise<StartedAgent> {
  const socketPath = join(run.folder, `${node}.sock`);
  const flags = {
    "node-name": node,
    kubeconfig: await controlPlane.kubeconfigFor(agentUser(node)),
    socket: socketPath,
    "state-dir": join(run.folder, `${node}.state`),
    "log-level": "info",
  };
  const startedAtMs = performance.now();
  const agent = await Daemon.start(run, "the agent", {
    argv: [toolPath("cluster-ipam-agent"), ...Object.entries(flags).map(([name, value]) => `--${name}=${value}`)],
    env: {},
    logPath: join(run.folder, `${node}.log`),
  });
  while (!(await accepts(socketPath))) {
    await agent.assertRunning();
    if (performance.now() - startedAtMs > READY_TIMEOUT_MS) throw new Error("the agent does not listen");
    await delay(READY_LOOK_MS, undefined, { signal: run.signal });
  }
  return { agent, socketPath, startedAtMs, readyMs: performance.now() - startedAtMs };
}

function poolOf(name: string, range: { readonly subnet: string; readonly gateway?: string }): object {
  return { apiVersion: API_VERSION, kind: "IPPool", metadata: { name }, spec: { ranges: [range] } };
}

function accepts(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
