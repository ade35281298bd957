import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { API_PATH, POOL_RESOURCE } from "@cluster-ipam/api";
import { ControlPlane, Daemon, type Run, toolPath, waitFor } from "@cluster-ipam/test-integration";

const NODE = "bench";
const READY_TIMEOUT_MS = 20_000;

/** What is measured: a real API server with a durable etcd, and one agent, all on loopback. */
export interface BenchCluster {
  readonly controlPlane: ControlPlane;
  readonly agent: Daemon;
  readonly socketPath: string;
}

/** Starts it; it ends with `run`. */
export async function startCluster(run: Run, say: (text: string) => void): Promise<BenchCluster> {
  // Durable: real clusters write through, and a cheaper POST would flatter nobody's ratio but the raw one's.
  const controlPlane = await ControlPlane.start(run, { isDurable: true, nodes: [NODE], onProgress: say });
  await controlPlane.api.ensure(`${API_PATH}/${POOL_RESOURCE}`, JSON.stringify(pool()));
  const socketPath = join(run.folder, "agent.sock");
  const flags = {
    "node-name": NODE,
    kubeconfig: await controlPlane.kubeconfigFor(`agent-${NODE}`),
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

function pool(): object {
  const ranges = [{ subnet: "10.0.0.0/9", gateway: "10.0.0.1" }];
  return { apiVersion: "cluster-ipam.io/v1alpha1", kind: "IPPool", metadata: { name: "bench" }, spec: { ranges } };
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
