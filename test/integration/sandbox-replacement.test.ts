import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { readInterface } from "./src/interface-state.ts";
import { addressesOf, type NetworkConfig, PodSandbox } from "./src/pod-sandbox.ts";
import { SimulatedCluster } from "./src/simulated-cluster.ts";
import type { SimulatedNode } from "./src/simulated-node.ts";
import { createLease, createPool, listLeases, removeLeases } from "./src/stored-objects.ts";

const NETWORK: NetworkConfig = {
  cniVersion: "1.0.0",
  name: "macvlan-conf",
  type: "macvlan",
  master: "eth1",
  capabilities: { ips: true },
  ipam: { type: "cluster-ipam", pool: "lab" },
};
const FIXED = { capabilityArgs: { ips: ["10.18.0.77"] } };

describe("S18: a new sandbox for the same pod, without a DEL in between", () => {
  let cluster: SimulatedCluster;
  let node: SimulatedNode;

  beforeAll(async () => {
    cluster = await SimulatedCluster.start({ isGuarded: true, nodes: ["n1", "n2"] });
    node = cluster.node("n1");
    await createPoolOfTwoRanges(cluster);
    await cluster.startAgents();
  });
  afterAll(() => cluster.close());
  afterEach(async () => {
    expect(await removeLeases(cluster.controlPlane)).toEqual([]);
  });

  it.each([
    { address: "an address of the strategy's choice", options: {} },
    { address: "a fixed address", options: FIXED },
  ])("S18: it keeps $address, and the late DEL of the old one releases nothing", async ({ options }) => {
    const old = await PodSandbox.create(node, { namespace: "default", name: "web-0" });
    const before = addressesOf(await old.attach(NETWORK, options));
    await old.delete();
    const fresh = await PodSandbox.create(node, old.pod);
    expect(fresh.containerId).not.toBe(old.containerId);

    expect(addressesOf(await fresh.attach(NETWORK, options))).toEqual(before);
    expect((await readInterface(fresh.namespace, "net1")).addresses).toEqual([`${before[0]}/24`]);
    await old.detach(NETWORK, options);
    expect(await holders(cluster)).toEqual([[before[0], fresh.containerId]]);
    await fresh.check(NETWORK, options);

    await fresh.detach(NETWORK, options);
    await fresh.delete();
  });

  it("S18: it keeps its address after the agent has been started anew, too", async () => {
    const old = await PodSandbox.create(node, { namespace: "default", name: "web-0" });
    const before = addressesOf(await old.attach(NETWORK));
    await old.delete();
    await node.agent.kill();
    await node.startAgent();

    const fresh = await PodSandbox.create(node, old.pod);
    expect(addressesOf(await fresh.attach(NETWORK))).toEqual(before);
    expect(await holders(cluster)).toEqual([[before[0], fresh.containerId]]);
    await fresh.detach(NETWORK);
  });

  it("S18: another pod of the same name may not have a fixed address while the first pod's sandbox lives", async () => {
    const pod = { namespace: "default", name: "web-0" };
    const living = await PodSandbox.create(node, pod);
    await living.attach(NETWORK, FIXED);
    const namesake = await PodSandbox.create(node, pod);
    await expect(namesake.attach(NETWORK, FIXED)).rejects.toThrow("10.18.0.77 is held by pod default/web-0");
    await namesake.detach(NETWORK, FIXED);

    // A StatefulSet's pod: the name stays, the uid is new, and the old sandbox has died.
    await living.delete();
    expect(addressesOf(await namesake.attach(NETWORK, FIXED))).toEqual(["10.18.0.77"]);
    await living.detach(NETWORK, FIXED);
    expect(await holders(cluster)).toEqual([["10.18.0.77", namesake.containerId]]);
    await namesake.detach(NETWORK, FIXED);
  });

  it("S18: what was leased before the node's reboot goes to the same pod again", async () => {
    const pod = { namespace: "default", name: "web-0", uid: randomUUID() };
    await leaseFromBeforeReboot("10.18.0.142", pod);
    await restartAgent();

    const fresh = await PodSandbox.create(node, pod);
    expect(addressesOf(await fresh.attach(NETWORK))).toEqual(["10.18.0.142"]);
    const [lease, ...more] = await listLeases(cluster.controlPlane);
    expect(more).toEqual([]);
    expect(lease?.spec).toMatchObject({ containerID: fresh.containerId, sandbox: { netns: fresh.namespace.path } });
    expect(lease?.spec.sandbox?.bootID).not.toBe(EARLIER_BOOT);
    await fresh.detach(NETWORK);
  });

  it("S18: what was leased before the node's reboot goes to whoever asks for it on that node, and on no other", async () => {
    const pod = { namespace: "default", name: "gone", uid: randomUUID() };
    await leaseFromBeforeReboot("10.18.0.77", pod);
    await restartAgent();

    const elsewhere = await PodSandbox.create(cluster.node("n2"), { namespace: "default", name: "elsewhere" });
    await expect(elsewhere.attach(NETWORK, FIXED)).rejects.toThrow("10.18.0.77 is held by pod default/gone");
    const here = await PodSandbox.create(node, { namespace: "default", name: "here" });
    expect(addressesOf(await here.attach(NETWORK, FIXED))).toEqual(["10.18.0.77"]);
    await here.detach(NETWORK, FIXED);
  });

  const EARLIER_BOOT = "00000000-0000-4000-8000-000000000000";

  async function leaseFromBeforeReboot(address: string, pod: PodSandbox["pod"]): Promise<void> {
    await createLease(cluster.controlPlane, {
      address,
      pool: "lab",
      network: NETWORK.name,
      node: node.name,
      pod,
      holder: `${pod.namespace}/${pod.name}/net1`,
      containerID: "of-an-earlier-boot",
      ifName: "net1",
      // The path of a namespace that exists, so that the boot alone tells.
      sandbox: { netns: node.namespace.path, inode: "4026531992", bootID: EARLIER_BOOT },
    });
  }

  /** An agent knows what its node holds from the time of its start. */
  async function restartAgent(): Promise<void> {
    await node.agent.stop();
    await node.startAgent();
  }
});

async function createPoolOfTwoRanges({ controlPlane }: SimulatedCluster): Promise<void> {
  const ranges = [
    { subnet: "10.18.0.0/24", start: "10.18.0.10", end: "10.18.0.99" },
    { subnet: "10.18.0.0/24", start: "10.18.0.101", end: "10.18.0.199" },
  ];
  await createPool(controlPlane, "lab", { ranges });
}

/** Address and container of every lease. */
async function holders({ controlPlane }: SimulatedCluster): Promise<unknown> {
  return (await listLeases(controlPlane)).map(({ spec }) => [spec.address, spec.containerID]);
}
