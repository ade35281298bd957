import { CheckFailure } from "../check-failure.ts";
import { kubectl } from "../kubectl.ts";
import type { SimulatedCluster } from "../simulated-cluster.ts";
import { findDuplicates, formatAddressTable } from "./address-table.ts";
import { showKubectl } from "./kubectl-screen.ts";
import { showPools } from "./lost-node-part.ts";
import { macvlanNetwork } from "./network.ts";
import type { Screen } from "./screen.ts";
import { Workload } from "./workload.ts";

/**
 * The same network with nothing changed but the type of its IPAM plugin.
 *
 * @returns the pods, which go on running.
 * @throws CheckFailure when an address is given twice, a pod does not reach another, or kubectl shows something else.
 */
export async function showClusterIpam(cluster: SimulatedCluster, screen: Screen): Promise<Workload> {
  screen.heading('2. "type": "cluster-ipam", nothing else changed');
  await cluster.startAgents();
  const workload = await Workload.start(cluster, macvlanNetwork("cluster-ipam"));
  screen.indented([...formatAddressTable(workload.pods), ""]);
  const duplicates = [...findDuplicates(workload.pods).keys()];
  if (duplicates.length > 0) throw new CheckFailure(`demo failed: given more than once: ${duplicates.join(", ")}`);
  const { sent, failed } = await workload.ping();
  screen.indented([
    `${workload.pods.length} pods, ${workload.pods.length} addresses, no duplicate`,
    `ping: ${sent - failed.length} of ${sent} pairs reach each other, one packet each`,
  ]);
  const [lost] = failed;
  if (lost) throw new CheckFailure(`demo failed: ${lost.from} does not reach ${lost.to} at ${lost.address}`);
  const leases = await showKubectl(cluster, screen, ["get", "ipleases"]);
  await showPools(cluster, screen, workload.pods.length);
  const unnamed = workload.pods.filter(({ address, pod }) => !leases.includes(address) || !leases.includes(pod));
  if (unnamed.length > 0)
    throw new CheckFailure(`demo failed: no lease names ${unnamed.map(({ pod }) => pod).join(", ")}`);
  return workload;
}

/** Deletes one pod and looks for its lease. @throws CheckFailure when it is still there, or another one is gone. */
export async function showRelease(cluster: SimulatedCluster, screen: Screen, workload: Workload): Promise<void> {
  const [pod] = workload.pods;
  if (pod === undefined) return;
  screen.heading(`3. Pod ${pod.pod} is deleted, and its lease with it`);
  await workload.stop(pod);
  const answer = await showKubectl(cluster, screen, ["get", "iplease", pod.address]);
  if (!answer.includes("NotFound")) throw new CheckFailure(`demo failed: the lease of ${pod.pod} is still there`);
  const { stdout } = await kubectl(cluster.run, cluster.controlPlane, ["get", "ipleases", "-o", "name"]);
  const left = stdout.split("\n").filter((line) => line !== "").length;
  const expected = workload.pods.length;
  if (left !== expected) throw new CheckFailure(`demo failed: ${left} leases are left instead of ${expected}`);
  screen.indented(["", `the leases of the other ${left} pods stay`]);
}
