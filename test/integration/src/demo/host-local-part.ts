import { CheckFailure } from "../check-failure.ts";
import type { SimulatedCluster } from "../simulated-cluster.ts";
import { findDuplicates, formatAddressTable } from "./address-table.ts";
import { formatNetwork, macvlanNetwork } from "./network.ts";
import type { Screen } from "./screen.ts";
import { Workload } from "./workload.ts";

/**
 * The failure that this project ends: host-local on three nodes.
 *
 * @throws CheckFailure when no address is given twice: then the demo shows nothing.
 */
export async function showHostLocal(cluster: SimulatedCluster, screen: Screen): Promise<void> {
  const network = macvlanNetwork("host-local");
  screen.heading('1. "type": "host-local", where each node keeps a list of its own');
  screen.indented(formatNetwork(network));
  const workload = await Workload.start(cluster, network);
  const duplicates = findDuplicates(workload.pods);
  screen.indented(["", ...formatAddressTable(workload.pods), ""]);
  if (duplicates.size === 0) throw new CheckFailure("demo failed: host-local gave no address twice");
  const { sent, failed } = await workload.ping();
  screen.indented([
    `${workload.pods.length} pods, ${duplicates.size} addresses given to more than one of them`,
    `ping: ${failed.length} of ${sent} pairs get no answer, or the wrong pod's`,
  ]);
  await workload.stopAll();
}
