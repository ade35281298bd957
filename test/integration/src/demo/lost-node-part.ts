import { API_PATH, asIPPool, POOL_RESOURCE } from "@cluster-ipam/api";
import { CheckFailure } from "../check-failure.ts";
import { ControllerReplica } from "../controller-replica.ts";
import { createControllerAccount, ELECTION_LEASE } from "../controller-role.ts";
import { listEvents } from "../core-objects.ts";
import type { SimulatedCluster } from "../simulated-cluster.ts";
import { leasedAddresses, listPools } from "../stored-objects.ts";
import { waitFor } from "../waiting.ts";
import { showKubectl } from "./kubectl-screen.ts";
import type { Screen } from "./screen.ts";
import type { Workload } from "./workload.ts";

/** So long a Node must be missing here; an operator's default is five minutes. */
const GRACE_S = 5;
/** On a machine that has much else to do. */
const SOON_MS = 60_000;

/** Starts a controller that does not wait for the leader before it, since there was none. */
export async function startController({ run, controlPlane }: SimulatedCluster): Promise<void> {
  const kubeconfigPath = await createControllerAccount(run, controlPlane);
  const { namespace, name } = ELECTION_LEASE;
  const lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name }, spec: {} };
  await controlPlane.api.ensure(`/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`, JSON.stringify(lease));
  await ControllerReplica.start(run, "c1", { kubeconfigPath, flags: [`--lost-node-grace-seconds=${GRACE_S}`] });
}

/** Shows the pool once its status counts so many addresses in use. @throws Error when it never does */
export async function showPools(cluster: SimulatedCluster, screen: Screen, used: number): Promise<void> {
  const { api } = cluster.controlPlane;
  const isCounted = async (): Promise<true | undefined> => {
    const [name = ""] = await listPools(cluster.controlPlane);
    const { status } = asIPPool(await api.get(`${API_PATH}/${POOL_RESOURCE}/${name}`));
    return status?.used === String(used) ? true : undefined;
  };
  const what = `the pool's status to say that ${used} addresses are used`;
  await waitFor(isCounted, { what, timeoutMs: SOON_MS, signal: cluster.run.signal });
  await showKubectl(cluster, screen, ["get", "ippools"]);
}

/**
 * A machine dies with its pods, so that nobody is left on it who could give back what they had.
 *
 * @throws CheckFailure when another lease is gone, too; Error when its own stay, or their events are missing
 */
export async function showLostNode(cluster: SimulatedCluster, screen: Screen, workload: Workload): Promise<void> {
  const { controlPlane, run } = cluster;
  const lost = cluster.node("n3");
  const [own, others] = [workload.podsOn(lost.name), workload.podsOn("n1", "n2")];
  screen.heading(
    `4. Node ${lost.name} is lost: the machine is off, its pods with it, and nobody there can release anything`,
  );
  await lost.agent.kill();
  for (const { sandbox } of own) await sandbox.delete();
  await showKubectl(cluster, screen, ["delete", "node", lost.name]);
  screen.indented([
    "",
    "the controller gives back what a node had whose Node is missing for 5 minutes, and whose pods are gone;",
    `here it was started with --lost-node-grace-seconds=${GRACE_S}`,
  ]);
  const left = others.map(({ address }) => address).toSorted();
  const isFreed = async (): Promise<readonly string[] | undefined> => {
    const addresses = await leasedAddresses(controlPlane);
    return own.some(({ address }) => addresses.includes(address)) ? undefined : addresses;
  };
  const what = `the leases of ${lost.name} to be given back`;
  const addresses = await waitFor(isFreed, { what, timeoutMs: SOON_MS, signal: run.signal });
  if (addresses.toSorted().join() !== left.join()) {
    throw new CheckFailure(`demo failed: ${addresses.join(", ")} are leased instead of ${left.join(", ")}`);
  }
  await showKubectl(cluster, screen, ["get", "ipleases"]);
  await showEvents(
    cluster,
    screen,
    own.map(({ address }) => address),
  );
  await showPools(cluster, screen, left.length);
}

async function showEvents(cluster: SimulatedCluster, screen: Screen, addresses: readonly string[]): Promise<void> {
  const reason = "LostNodeLeaseReleased";
  const isTold = async (): Promise<true | undefined> => {
    const events = await listEvents(cluster.controlPlane, "controller");
    const notes = events.flatMap((event) => (event.reason === reason ? [event.note] : []));
    return addresses.every((address) => notes.some((note) => note.startsWith(`${address} `))) ? true : undefined;
  };
  await waitFor(isTold, { what: "the events of the leases", timeoutMs: SOON_MS, signal: cluster.run.signal });
  const args = ["get", "events", "--field-selector", `reason=${reason}`, "-o", "custom-columns=MESSAGE:.message"];
  await showKubectl(cluster, screen, args);
}
