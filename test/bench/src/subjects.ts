import { join } from "node:path";
import { NetworkNamespace, type Run, toolPath } from "@cluster-ipam/test-integration";
import type { BenchCluster } from "./bench-cluster.ts";
import { addThroughSocket, hostLocalNetwork, NETWORK, nextAdd, runPlugin } from "./cni-subject.ts";
import { writeEmptyExecutable } from "./empty-executable.ts";
import type { RawApi } from "./raw-api.ts";

/** What is measured, by name; each call is one ADD, one POST or one process. */
export type SubjectName = "empty" | "post" | "socket" | "plugin" | "hostLocal";

/** The subjects, in the order in which a round measures them. */
export type Subjects = Readonly<Record<SubjectName, () => Promise<void>>>;

/** How each subject is called in what is printed. */
export const TITLES: Readonly<Record<SubjectName, string>> = {
  empty: "an empty static process",
  post: "a raw keep-alive POST",
  socket: "ADD through the agent's socket",
  plugin: "ADD through the plugin",
  hostLocal: "ADD of host-local",
};

/** Sets the subjects up; what they need ends with `run`. */
export async function createSubjects(run: Run, { socketPath }: BenchCluster, raw: RawApi): Promise<Subjects> {
  const emptyPath = join(run.folder, "empty");
  await writeEmptyExecutable(emptyPath);
  const { path: netns } = await NetworkNamespace.create(run, "pod");
  const hostLocal = hostLocalNetwork(join(run.folder, "host-local"));
  const env = { CLUSTER_IPAM_SOCKET: socketPath };
  return {
    empty: () => runPlugin(emptyPath, nextAdd(netns, NETWORK)),
    post: () => raw.post(),
    socket: () => addThroughSocket(socketPath, netns),
    plugin: () => runPlugin(toolPath("cluster-ipam"), nextAdd(netns, NETWORK), env),
    hostLocal: () => runPlugin(toolPath("host-local"), nextAdd(netns, hostLocal)),
  };
}
