import { attachedLease, blockOf, releasedLease, reservation } from "@cluster-ipam/allocator/testing";
import { API_PATH, BLOCK_RESOURCE, LEASE_RESOURCE } from "@cluster-ipam/api";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { SEARCH_PATH } from "./src/cni-call.ts";
import { mustRun } from "./src/command.ts";
import { ControllerReplica } from "./src/controller-replica.ts";
import { createControllerAccount } from "./src/controller-role.ts";
import { readPage, sectionOf, shellCommands } from "./src/documentation-page.ts";
import { render } from "./src/helm.ts";
import { addCall } from "./src/ipam-calls.ts";
import { LocalAgent } from "./src/local-agent.ts";
import { NetworkNamespace } from "./src/namespaces.ts";
import { addressesOf, type NetworkConfig, PodSandbox } from "./src/pod-sandbox.ts";
import { SimulatedCluster } from "./src/simulated-cluster.ts";
import { listBlocks } from "./src/stored-blocks.ts";
import { createPool, leasedAddresses, listLeases, listPools } from "./src/stored-objects.ts";
import { requireTools, TOOL_FOLDER } from "./src/tools.ts";
import { waitFor } from "./src/waiting.ts";

const NETWORK: NetworkConfig = {
  cniVersion: "1.0.0",
  name: "lab",
  type: "macvlan",
  master: "eth1",
  ipam: { type: "cluster-ipam" },
};
const MINUTE_MS = 60_000;
/** More than half of all, and enough for the brake to care. */
const STRANGERS = 104;
/** Instead of five minutes. */
const GRACE_SECONDS = 5;
/** A Lease that nobody has held takes 15 s, and a second look at what is gone comes a minute after the first. */
const DONE_TIMEOUT_MS = 150_000;
const RESOURCES = ["ippools", "ipleases", "ipblocks"] as const;

const isUpgrade = (line: string): boolean => line.startsWith("helm upgrade");

describe("docs/install.md, backup and restore", () => {
  let cluster: SimulatedCluster;
  let backUp: string;
  /** What follows the back-up on the page. */
  let restore: readonly string[];
  let kubeconfigPath: string;
  let controller: ControllerReplica | undefined;
  let replicas = 0;

  beforeAll(async () => {
    await requireTools(["etcd", "kube-apiserver", "kubectl", "helm", "cluster-ipam-controller"]);
    const section = sectionOf(await readPage("install.md"), "## Backup and restore");
    [backUp = "", ...restore] = shellCommands(section);
    cluster = await SimulatedCluster.start({ nodes: ["n1", "n2"], isGuarded: true });
    kubeconfigPath = await createControllerAccount(cluster.run, cluster.controlPlane);
    await cluster.node("n1").startAgent();
  });
  afterAll(async () => {
    await cluster?.close();
  });
  afterEach(async () => {
    await controller?.daemon.stop();
    await forgetEverything();
  });

  it("brings leases, pools and blocks back as they were", async () => {
    await createPool(cluster.controlPlane, "lab", { ranges: [{ subnet: "10.9.0.0/24" }] });
    const leases = [
      attachedLease("10.9.0.5"),
      attachedLease("fd00::5"),
      releasedLease("10.9.0.6"),
      reservation("10.9.0.7"),
    ];
    for (const lease of leases) await store(LEASE_RESOURCE, lease);
    await store(BLOCK_RESOURCE, blockOf("10.9.0.0/28"));
    const before = await stored();
    await shell(backUp);
    await forgetEverything();
    expect(await stored()).toEqual([[], [], []]);
    await create();
    expect(await stored()).toEqual(before);
  });

  it("leaves the leases of living sandboxes, and neither those of dead ones nor those of nodes that are gone", {
    timeout: DONE_TIMEOUT_MS * 2,
  }, async () => {
    const node = cluster.node("n1");
    await createPool(cluster.controlPlane, "lab", { ranges: [{ subnet: "10.9.0.0/24" }] });
    const [alive, dead] = [
      await PodSandbox.create(node, { namespace: "default", name: "alive" }),
      await PodSandbox.create(node, { namespace: "default", name: "dead" }),
    ];
    const [stays = ""] = addressesOf(await alive.attach(NETWORK));
    const [goes = ""] = addressesOf(await dead.attach(NETWORK));
    const strangers = Array.from({ length: STRANGERS }, (_, index) => `10.10.0.${index + 1}`);
    for (const address of strangers) await store(LEASE_RESOURCE, attachedLease(address, { node: "elsewhere" }));
    await shell(backUp);

    await forgetEverything();
    await dead.delete();
    // It has seen neither lease: as after a failure of the whole cluster.
    await restartAgent();
    for (const line of restore.filter((each) => !isUpgrade(each))) await follow(line);
    const { controlPlane, run } = cluster;
    const isBraked = async (): Promise<true | undefined> =>
      (await controller?.metric("garbage_braked")) === 1 ? true : undefined;
    const { signal } = run;
    await waitFor(isBraked, { what: "the brake to hold them", timeoutMs: DONE_TIMEOUT_MS, signal });
    const isGone = async (): Promise<true | undefined> =>
      (await leasedAddresses(controlPlane)).includes(goes) ? undefined : true;
    await waitFor(isGone, { what: "the dead one's to go", timeoutMs: DONE_TIMEOUT_MS, intervalMs: 500, signal });
    expect(await leasedAddresses(controlPlane)).toEqual([stays, ...strangers].toSorted());

    for (const line of restore.filter(isUpgrade)) await follow(line);
    const isDone = async (): Promise<true | undefined> =>
      (await leasedAddresses(controlPlane)).length === 1 ? true : undefined;
    await waitFor(isDone, { what: "theirs to go", timeoutMs: DONE_TIMEOUT_MS, intervalMs: 500, signal });
    expect(await leasedAddresses(controlPlane)).toEqual([stays]);
    await alive.detach(NETWORK);
    expect(await leasedAddresses(controlPlane)).toEqual([]);
  });

  it("an agent that is asked for two rounds instead makes the leases again that the copy lacks", async () => {
    const { run, controlPlane } = cluster;
    await createPool(controlPlane, "lab", { ranges: [{ subnet: "10.9.0.0/24" }] });
    const agent = await LocalAgent.start(run, controlPlane, { node: "n2" });
    const attach = async (name: string): Promise<readonly [string, NetworkNamespace]> => {
      const namespace = await NetworkNamespace.create(run, name);
      const [address = ""] = await agent.call(addCall(name, NETWORK, { netns: namespace.path }));
      return [address, namespace];
    };
    const [[old], [stale, doomed]] = [await attach("old"), await attach("stale")];
    await shell(backUp);
    const [young] = await attach("young");
    await doomed.delete();
    await agent.reconcileApart(MINUTE_MS);
    expect(await leasedAddresses(controlPlane)).toEqual([old, young].toSorted());

    await forgetEverything();
    await create();
    expect(await leasedAddresses(controlPlane)).toEqual([old, stale].toSorted());
    await agent.reconcileApart(MINUTE_MS);
    expect(await leasedAddresses(controlPlane)).toEqual([old, young].toSorted());
    await agent.releaseAll();
  });

  /** Does what a line of the page says, with programs in the place of a cluster's own controllers. */
  async function follow(line: string): Promise<void> {
    if (line.includes("scale deployment cluster-ipam-controller")) return scale(line.includes("--replicas=0") ? 0 : 1);
    if (line.includes("rollout restart daemonset/cluster-ipam-agent")) return restartAgent();
    // A restart waits until the agent is well.
    if (line.includes("rollout status")) return;
    if (isUpgrade(line)) return upgrade(line.split(" ").filter((word) => word.includes("=")));
    await shell(line);
  }

  async function create(): Promise<void> {
    await shell(restore.find((line) => line.startsWith("kubectl create")) ?? "false");
  }

  async function shell(line: string): Promise<void> {
    const env = {
      PATH: `${TOOL_FOLDER}:${SEARCH_PATH}`,
      HOME: cluster.run.folder,
      KUBECONFIG: cluster.controlPlane.kubeconfigPath,
    };
    await mustRun(["sh", "-c", `cd ${cluster.run.folder} && ${line}`], { env, signal: cluster.run.signal });
  }

  async function restartAgent(): Promise<void> {
    const node = cluster.node("n1");
    await node.agent.stop();
    await node.startAgent();
  }

  /** A standby would do nothing here. */
  async function scale(count: 0 | 1, flags: readonly string[] = []): Promise<void> {
    await controller?.daemon.stop();
    controller = undefined;
    if (count === 0) return;
    const more = [`--lost-node-grace-seconds=${GRACE_SECONDS}`, ...flags];
    controller = await ControllerReplica.start(cluster.run, `replica-${(replicas += 1)}`, {
      kubeconfigPath,
      flags: more,
    });
  }

  async function upgrade(settings: readonly string[]): Promise<void> {
    const manifests = await render(
      cluster.run,
      settings.map((setting) => `--set=${setting}`),
    );
    const deployment = manifests.find(({ kind }) => kind === "Deployment");
    const flags = JSON.stringify(deployment).match(/--garbage-max-percent=\d+/g) ?? [];
    await scale(1, flags);
  }

  async function store(resource: string, object: object): Promise<void> {
    await cluster.controlPlane.api.ensure(`${API_PATH}/${resource}`, JSON.stringify(object));
  }

  async function forgetEverything(): Promise<void> {
    for (const resource of RESOURCES) {
      await cluster.controlPlane.api.send({ method: "DELETE", path: `${API_PATH}/${resource}` });
    }
  }

  async function stored(): Promise<readonly unknown[]> {
    const { controlPlane } = cluster;
    const [leases, blocks] = [await listLeases(controlPlane), await listBlocks(controlPlane)];
    return [await listPools(controlPlane), leases.map(({ spec }) => spec), blocks.map(({ spec }) => spec)];
  }
});
