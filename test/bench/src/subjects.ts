import { existsSync } from "node:fs";
import { join } from "node:path";
import { Daemon, NetworkNamespace, type Run, toolPath, waitFor } from "@cluster-ipam/test-integration";
import type { BenchCluster } from "./bench-cluster.ts";
import { addThroughSocket, hostLocalNetwork, NETWORK, nextAdd, runPlugin } from "./cni-subject.ts";
import { writeEmptyExecutable } from "./empty-executable.ts";
import type { RawApi } from "./raw-api.ts";

/** What is measured, by name; each call is one ADD, one POST or one process. */
export type SubjectName = "empty" | "post" | "socket" | "instant" | "plugin" | "hostLocal";

/** The subjects, in the order in which a round measures them. */
export type Subjects = Readonly<Record<SubjectName, () => Promise<void>>>;

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
  return {
    empty: () => runPlugin(emptyPath, nextAdd(netns, NETWORK)),
    post: () => raw.post(),
    socket: () => addThroughSocket(socketPath, netns),
    instant: () => runPlugin(ipam, nextAdd(netns, NETWORK), { CLUSTER_IPAM_SOCKET: instantPath }),
    plugin: () => runPlugin(ipam, nextAdd(netns, NETWORK), { CLUSTER_IPAM_SOCKET: socketPath }),
    hostLocal: () => runPlugin(toolPath("host-local"), nextAdd(netns, hostLocal)),
  };
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
