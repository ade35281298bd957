import { existsSync } from "node:fs";
import { join } from "node:path";
import { type CniCall, Daemon, NetworkNamespace, type Run, toolPath, waitFor } from "@cluster-ipam/test-integration";
import type { BenchCluster } from "./bench-cluster.ts";
import { addThroughSocket, hostLocalNetwork, NETWORK, nextAdd, runPlugin } from "./cni-subject.ts";
import { writeEmptyExecutable } from "./empty-executable.ts";
import { burstOfProcesses } from "./process-burst.ts";
import type { RawApi } from "./raw-api.ts";
import { throughput } from "./statistics.ts";

/** What is measured, by name; each call is one ADD, one POST or one process. */
export type SubjectName = "empty" | "post" | "socket" | "instant" | "plugin" | "hostLocal";

/** One thing that is measured. */
interface Subject {
  /** One call. */
  readonly once: () => Promise<void>;
  /** Many calls, many at a time. @returns calls a second */
  readonly burst: () => Promise<number>;
}

/** The subjects, in the order in which a round measures them. */
export type Subjects = Readonly<Record<SubjectName, Subject>>;

/** How many calls of a burst are under way at any time: as many as an agent has connections, or as a node starts pods. */
export const PARALLEL = { requests: 64, processes: 50 } as const;

/** Calls of one burst: enough that its beginning and its end weigh little. */
const BURST = { requests: 640, eachProcess: 5 } as const;

/** How each subject is called in what is printed. */
export const TITLES: Readonly<Record<SubjectName, string>> = {
  empty: "an empty static process",
  post: "a raw keep-alive POST",
  socket: "ADD through the agent's socket",
  instant: "ADD through the plugin, agent instant",
  plugin: "ADD through the plugin",
  hostLocal: "ADD of host-local",
};

/** Sets the subjects up; what they need ends with `run`. */
export async function createSubjects(run: Run, { socketPath }: BenchCluster, raw: RawApi): Promise<Subjects> {
  const emptyPath = join(run.folder, "empty");
  await writeEmptyExecutable(emptyPath);
  const { path: netns } = await NetworkNamespace.create(run, "pod");
  const hostLocal = hostLocalNetwork(join(run.folder, "host-local"));
  const instantPath = await startInstantAgent(run);
  const ipam = toolPath("cluster-ipam");
  const plugin = (path: string, config: NetworkConfig, env: Readonly<Record<string, string>> = {}): Subject => {
    const call = (): CniCall => nextAdd(netns, config);
    const counts = { parallel: PARALLEL.processes, each: BURST.eachProcess };
    return {
      once: () => runPlugin(path, call(), env),
      burst: () => burstOfProcesses(run, { path, call: call(), env, ...counts }),
    };
  };
  return {
    empty: plugin(emptyPath, NETWORK),
    post: requests(() => raw.post()),
    socket: requests(() => addThroughSocket(socketPath, netns)),
    instant: plugin(ipam, NETWORK, { CLUSTER_IPAM_SOCKET: instantPath }),
    plugin: plugin(ipam, NETWORK, { CLUSTER_IPAM_SOCKET: socketPath }),
    hostLocal: plugin(toolPath("host-local"), hostLocal),
  };
}

type NetworkConfig = Readonly<Record<string, unknown>>;

function requests(request: () => Promise<void>): Subject {
  const tasks = Array.from({ length: BURST.requests }, () => request);
  return { once: request, burst: () => throughput(tasks, PARALLEL.requests) };
}

/** Starts an agent that answers at once, in a process of its own; it ends with `run`. @returns the path of its socket */
async function startInstantAgent(run: Run): Promise<string> {
  const socketPath = join(run.folder, "instant.sock");
  const program = join(import.meta.dirname, "instant-agent.ts");
  const logPath = join(run.folder, "instant.log");
  const agent = await Daemon.start(run, "the instant agent", {
    argv: [process.execPath, program, socketPath],
    env: {},
    logPath,
  });
  const isUp = async (): Promise<true | undefined> => {
    await agent.assertRunning();
    return existsSync(socketPath) ? true : undefined;
  };
  await waitFor(isUp, { what: "the instant agent to listen", timeoutMs: 10_000, signal: run.signal });
  return socketPath;
}
