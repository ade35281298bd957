// Three nodes and one macvlan network: duplicates with host-local, none with cluster-ipam, and nothing left of a node that
// is lost. KEEP=1 leaves it running.
import { showClusterIpam, showRelease } from "../demo/cluster-ipam-part.ts";
import { readDemoConfig } from "../demo/config.ts";
import { showHostLocal } from "../demo/host-local-part.ts";
import { showLostNode, startController } from "../demo/lost-node-part.ts";
import { Screen } from "../demo/screen.ts";
import {
  hasLinkType,
  RequirementError,
  Run,
  requireRoot,
  requireSystemPrograms,
  requireTools,
  SimulatedCluster,
  toolPath,
} from "../index.ts";
import { listenForInterruption, untilInterrupted } from "../interruption.ts";
import { runMain } from "../program.ts";

async function requireAll(signal: AbortSignal): Promise<void> {
  requireRoot();
  await requireSystemPrograms();
  await requireTools(["etcd", "kube-apiserver", "kubectl", "cnitool", "macvlan", "host-local"]);
  await requireTools(["cluster-ipam", "cluster-ipam-agent", "cluster-ipam-controller"]);
  await using run = await Run.open(signal);
  if (await hasLinkType(run, "macvlan")) return;
  throw new RequirementError("this kernel has no macvlan interfaces: try modprobe macvlan, or another kernel");
}

async function runDemo(signal: AbortSignal, screen: Screen): Promise<void> {
  screen.print("cluster-ipam demo: one macvlan network for the pods of three nodes", "");
  const onProgress = (text: string): void => screen.progress(text);
  await using cluster = await SimulatedCluster.start({ signal, onProgress });
  onProgress(`nodes ${cluster.nodes.map(({ name }) => name).join(", ")}: network namespaces joined by a bridge`);
  await showHostLocal(cluster, screen);
  await startController(cluster);
  const workload = await showClusterIpam(cluster, screen);
  await showRelease(cluster, screen, workload);
  await showLostNode(cluster, screen, workload);
  screen.print("", `done after ${screen.elapsed()}`);
  if (readDemoConfig().isKept) await keepRunning(cluster, { signal, screen });
}

async function keepRunning(
  cluster: SimulatedCluster,
  { signal, screen }: { readonly signal: AbortSignal; readonly screen: Screen },
): Promise<void> {
  screen.heading("It runs until Ctrl-C. In another terminal:");
  screen.indented([
    `export KUBECONFIG=${cluster.controlPlane.kubeconfigPath}`,
    `${toolPath("kubectl")} get ipleases -o wide`,
  ]);
  await untilInterrupted(signal);
}

const signal = listenForInterruption();
await runMain(signal, async () => {
  await requireAll(signal);
  await runDemo(signal, new Screen());
});
