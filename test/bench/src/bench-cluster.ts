import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { API_PATH, API_VERSION, POOL_RESOURCE } from "@cluster-ipam/api";
import { agentUser, ControlPlane, Daemon, type Run, toolPath, waitFor } from "@cluster-ipam/test-integration";

const READY_TIMEOUT_MS = 20_000;

/** What is measured: a real API server with a durable etcd, and one agent, all on loopback. */
export interface BenchCluster {
  readonly controlPlane: ControlPlane;
  readonly agent: Daemon;
  readonly socketPath: string;
}

/** How a cluster is set up. */
export interface BenchClusterOptions {
  /** The agent's node; `bench` when absent. One machine has one agent of each name. */
  readonly node?: string;
  /** Subnets of more pools by their names, beside `bench`. */
  readonly pools?: Readonly<Record<string, string>>;
  /** Whether etcd writes through to the disk; true when absent. */
  readonly isDurable?: boolean;
}

/** Starts it; it ends with `run`. */
export async function startCluster(
  run: Run,
  say: (text: string) => void,
  { node = "bench", pools = {}, isDurable = true }: BenchClusterOptions = {},
): Promise<BenchCluster> {
  // Durable where it is not told otherwise: real clusters write through, and a cheaper POST would flatter nobody's ratio but the raw one's.
  const controlPlane = await ControlPlane.start(run, { isDurable, nodes: [node], onProgress: say });
  const objects = [
    poolOf("bench", { subnet: "10.0.0.0/9", gateway: "10.0.0.1" }),
    ...Object.entries(pools).map(([name, subnet]) => poolOf(name, { subnet })),
  ];
  for (const pool of objects) await controlPlane.api.ensure(`${API_PATH}/${POOL_RESOURCE}`, JSON.stringify(pool));
  const socketPath = join(run.folder, "agent.sock");
  const flags = {
    "node-name": node,
    kubeconfig: await controlPlane.kubeconfigFor(agentUser(node)),
    socket: socketPath,
    "state-dir": join(run.folder, "state"),
    "log-level": "info",
  };
  const agent = await Daemon.start(run, "the agent", {
    argv: [toolPath("cluster-ipam-agent"), ...Object.entries(flags).map(([name, value]) => `--${name}=${value}`)],
    env: {},
    logPath: join(run.folder, "agent.log"),
  });
  const isUp = async (): Promise<true | undefined> => {
    await agent.assertRunning();
    return (await accepts(socketPath)) ? true : undefined;
  };
  await waitFor(isUp, { what: "the agent to listen", timeoutMs: READY_TIMEOUT_MS, signal: run.signal });
  return { controlPlane, agent, socketPath };
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

/** Resident memory of a process, in MB (proc_pid_status(5), VmRSS). */
export async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) / 1_024;
}
