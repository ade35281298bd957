import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callPlugin } from "./src/cni-call.ts";
import { createPod, listEvents } from "./src/core-objects.ts";
import { addCall, delCall, resultOf } from "./src/ipam-calls.ts";
import { hasNoCapability, LEAST_CAPABILITIES } from "./src/least-capabilities.ts";
import { createOwnedPod } from "./src/owned-pods.ts";
import { addressesOf, type NetworkConfig, PodSandbox } from "./src/pod-sandbox.ts";
import { SimulatedCluster } from "./src/simulated-cluster.ts";
import type { SimulatedNode } from "./src/simulated-node.ts";
import { StandInController } from "./src/stand-in-controller.ts";
import { blockNodes } from "./src/stored-blocks.ts";
import { createLease, createPool, deleteLease, deletePool, leasedAddresses, listLeases } from "./src/stored-objects.ts";
import { requestOverSocket } from "./src/unix-http.ts";

const MACVLAN = { cniVersion: "1.1.0", type: "macvlan", master: "eth1" };
const INLINE: NetworkConfig = { ...MACVLAN, name: "inline", ipam: { type: "cluster-ipam", subnet: "10.44.0.0/24" } };
const RETAINED: NetworkConfig = { ...MACVLAN, name: "retained", ipam: { type: "cluster-ipam" } };
const BLOCKS: NetworkConfig = { ...MACVLAN, name: "blocks", ipam: { type: "cluster-ipam" } };
const RESERVED: NetworkConfig = { ...RETAINED, name: "plain", capabilities: { ips: true } };

describe("an agent as the chart runs it: no capability, a token that names its node, the admission policies", () => {
  let cluster: SimulatedCluster;
  let n1: SimulatedNode;
  let n2: SimulatedNode;
  let refusedBefore: number;

  beforeAll(async () => {
    cluster = await SimulatedCluster.start({ isGuarded: true, nodes: ["n1", "n2"] });
    [n1, n2] = [cluster.node("n1"), cluster.node("n2")];
    await makeRetained("10.45.0.0/24");
    await createPool(cluster.controlPlane, "plain", { ranges: [{ subnet: "10.46.0.0/24" }] });
    const ranges = [{ subnet: "10.47.0.0/24" }];
    await createPool(cluster.controlPlane, "blocks", { ranges, nodeBlocks: { prefixLength: 28 } });
    refusedBefore = await cluster.controlPlane.refusals();
    await cluster.startAgents({ wrapper: LEAST_CAPABILITIES });
  });
  afterAll(async () => {
    await cluster?.close();
  });

  async function makeRetained(subnet: string): Promise<void> {
    const retain = { policy: "StatefulSet", seconds: 600 } as const;
    await createPool(cluster.controlPlane, "retained", { ranges: [{ subnet }], retain });
    await new StandInController(cluster.controlPlane).markReady("retained");
  }

  async function start(node: SimulatedNode, name: string): Promise<PodSandbox> {
    return await PodSandbox.create(
      node,
      await createPod(cluster.controlPlane, node.name, { namespace: "default", name }),
    );
  }

  it("has none indeed, in its effective and its bounding set", async () => {
    expect(await hasNoCapability(n1.agent.pid)).toBe(true);
  });

  it("adds, sees the pod's network namespace, checks and deletes, with ranges of the ipam section", async () => {
    const sandbox = await start(n1, "inline-0");
    const [address] = addressesOf(await sandbox.attach(INLINE));
    const [lease] = await listLeases(cluster.controlPlane);
    expect(lease?.spec).toMatchObject({ address, node: "n1", sandbox: { netns: sandbox.namespace.path } });
    await sandbox.check(INLINE);
    await sandbox.detach(INLINE);
    expect(await leasedAddresses(cluster.controlPlane)).toEqual([]);
  });

  it("makes the lease of a living pod again, and gives back that of a dead one by GC", async () => {
    const alive = await start(n1, "alive-0");
    const [address = ""] = addressesOf(await alive.attach(INLINE));
    await deleteLease(cluster.controlPlane, address);
    const request = { method: "POST", path: "/v1/reconcile", timeoutMs: 30_000 } as const;
    await requestOverSocket({ ...request, socketPath: n1.socketPath });
    expect(await leasedAddresses(cluster.controlPlane)).toEqual([address]);
    await alive.delete();
    const gc = { command: "GC", config: { ...INLINE, "cni.dev/valid-attachments": [] } } as const;
    expect(await callPlugin(n1.socketPath, gc)).toMatchObject({ kind: "success" });
    expect(await leasedAddresses(cluster.controlPlane)).toEqual([]);
  });

  it("keeps an address for its pod, which has it again on the other node, in a subnet of another length too", async () => {
    const name = "web-0";
    const owned = { namespace: "default", name, controllerKind: "StatefulSet" };
    const pod = await createOwnedPod(cluster.controlPlane, { ...owned, node: "n1" });
    const call = addCall(name, RETAINED, { pod });
    const before = resultOf(await callPlugin(n1.socketPath, call));
    resultOf(await callPlugin(n1.socketPath, delCall(call)));
    expect((await listLeases(cluster.controlPlane)).map(({ spec }) => spec)).toMatchObject([
      { node: "", keepSeconds: 600 },
    ]);

    await deletePool(cluster.controlPlane, "retained");
    await makeRetained("10.45.0.0/16");
    await n2.agent.stop();
    // Without what it knows of the pool of before.
    await n2.startAgent({ wrapper: LEAST_CAPABILITIES });
    const after = resultOf(await callPlugin(n2.socketPath, call));
    expect(after.ips?.map((ip) => ip.address)).toEqual(before.ips?.map((ip) => ip.address.replace("/24", "/16")));
    resultOf(await callPlugin(n2.socketPath, delCall(call)));
    const [kept] = await listLeases(cluster.controlPlane);
    await deleteLease(cluster.controlPlane, kept?.spec.address ?? "");
  });

  it("takes a reservation for its pod, and leaves it as it was", async () => {
    const reserved = { reason: "printer", for: { namespace: "default", name: "printer-0" } };
    await createLease(cluster.controlPlane, { address: "10.46.0.9", pool: "plain", reserved });
    const sandbox = await start(n2, "printer-0");
    const capabilityArgs = { ips: ["10.46.0.9/24"] };
    expect(addressesOf(await sandbox.attach(RESERVED, { capabilityArgs }))).toEqual(["10.46.0.9"]);
    await sandbox.detach(RESERVED, { capabilityArgs });
    expect((await listLeases(cluster.controlPlane)).map(({ spec }) => spec)).toMatchObject([{ node: "", reserved }]);
    await deleteLease(cluster.controlPlane, "10.46.0.9");
  });

  it("claims a block of its node, each its own", async () => {
    const calls = [n1, n2].map((node) => [node, addCall(`block-${node.name}`, BLOCKS)] as const);
    for (const [node, call] of calls) resultOf(await callPlugin(node.socketPath, call));
    expect(await blockNodes(cluster.controlPlane, "blocks")).toEqual(["n1", "n2"]);
    for (const [node, call] of calls) resultOf(await callPlugin(node.socketPath, delCall(call)));
    expect(await leasedAddresses(cluster.controlPlane)).toEqual([]);
  });

  it("is refused nothing by the API server in all that", async () => {
    // Everybody else here asks as cluster-admin.
    expect((await cluster.controlPlane.refusals()) - refusedBefore).toBe(0);
    expect(await listEvents(cluster.controlPlane)).toMatchObject([{ reason: "LeaseRecreated" }]);
    for (const node of [n1, n2]) {
      const lines = (await node.agent.log()).split("\n");
      expect(lines.filter((line) => /"level":(?:50|60)/.test(line))).toEqual([]);
    }
  });
});
