import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { callPlugin, type Pod } from "./src/cni-call.ts";
import { deletePod } from "./src/core-objects.ts";
import { readInterface } from "./src/interface-state.ts";
import { addCall, delCall, errorOf, resultOf } from "./src/ipam-calls.ts";
import { createOwnedPod, type OwnedPod } from "./src/owned-pods.ts";
import { addressesOf, type NetworkConfig, PodSandbox } from "./src/pod-sandbox.ts";
import { SimulatedCluster } from "./src/simulated-cluster.ts";
import type { SimulatedNode } from "./src/simulated-node.ts";
import { StandInController } from "./src/stand-in-controller.ts";
import { createPool, leasedAddresses, listLeases, removeLeases } from "./src/stored-objects.ts";

const NETWORK: NetworkConfig = {
  cniVersion: "1.0.0",
  name: "retained",
  type: "macvlan",
  master: "eth1",
  capabilities: { ips: true },
  ipam: { type: "cluster-ipam" },
};
const COOLING = { ...NETWORK, name: "cooling" };
const INDEXED = { ...NETWORK, name: "indexed" };
const KEPT_MS = 600_000;
const RETAIN = "cluster-ipam.io/retain";

/** Who controls a pod, and what it says of itself. */
type Owned = Pick<OwnedPod, "controllerKind" | "annotations">;
const OF_STATEFUL_SET: Owned = { controllerKind: "StatefulSet" };
const OF_DEPLOYMENT: Owned = { controllerKind: "ReplicaSet" };

describe("addresses that are kept after their pod is gone", () => {
  let cluster: SimulatedCluster;
  let controller: StandInController;
  let n1: SimulatedNode;
  let n2: SimulatedNode;

  beforeAll(async () => {
    cluster = await SimulatedCluster.start({ isGuarded: true, nodes: ["n1", "n2"] });
    [n1, n2] = [cluster.node("n1"), cluster.node("n2")];
    controller = new StandInController(cluster.controlPlane);
    const retain = { policy: "StatefulSet", seconds: KEPT_MS / 1_000 } as const;
    await createPool(cluster.controlPlane, "retained", { ranges: [{ subnet: "10.50.0.0/24" }], retain });
    await createPool(cluster.controlPlane, "cooling", { ranges: [{ subnet: "10.51.0.0/24" }], coolDownSeconds: 30 });
    await createPool(cluster.controlPlane, "indexed", {
      ranges: [{ subnet: "10.52.0.0/24" }],
      retain,
      strategy: "Index",
    });
    for (const pool of ["retained", "cooling", "indexed"]) await controller.markReady(pool);
    await cluster.startAgents();
  });
  afterAll(() => cluster.close());
  afterEach(() => removeLeases(cluster.controlPlane));

  /** A pod with its object on the server, and its sandbox on a node. */
  async function start(node: SimulatedNode, name: string, owned: Owned = OF_STATEFUL_SET): Promise<PodSandbox> {
    const pod = { ...owned, node: node.name, namespace: "default", name };
    return await PodSandbox.create(node, await createOwnedPod(cluster.controlPlane, pod));
  }

  /** As the kubelet ends a pod: the object goes last. */
  async function stop(sandbox: PodSandbox, network: NetworkConfig = NETWORK): Promise<void> {
    await sandbox.detach(network);
    await sandbox.delete();
    await deletePod(cluster.controlPlane, sandbox.pod);
  }

  function stranger(name: string, network: NetworkConfig, ips: readonly string[]): ReturnType<typeof addCall> {
    return addCall(name, { ...network, runtimeConfig: { ips } });
  }

  it("S7: a StatefulSet's pod has its address again on another node, and on the first one after that", async () => {
    const first = await start(n1, "web-0");
    const before = addressesOf(await first.attach(NETWORK));
    await stop(first);
    expect((await listLeases(cluster.controlPlane)).map(({ spec }) => spec)).toMatchObject([
      { address: before[0], node: "", containerID: "", holder: "default/web-0/net1", keepSeconds: 600 },
    ]);

    const second = await start(n2, "web-0");
    expect(addressesOf(await second.attach(NETWORK))).toEqual(before);
    expect((await readInterface(second.namespace, "net1")).addresses).toEqual([`${before[0]}/24`]);
    await second.check(NETWORK);
    // The kubelet repeats a DEL as it likes.
    await first.detach(NETWORK);
    expect((await listLeases(cluster.controlPlane)).map(({ spec }) => spec.node)).toEqual(["n2"]);
    await stop(second);

    const third = await start(n1, "web-0");
    expect(addressesOf(await third.attach(NETWORK))).toEqual(before);
    await stop(third);
  });

  it("no other pod has it while it is kept, on either node, and any may once the controller has ended that", async () => {
    const pod = await start(n1, "web-0");
    const [address = ""] = addressesOf(await pod.attach(NETWORK));
    await stop(pod);
    for (const [node, name] of [
      [n1, "db-0"],
      [n2, "db-1"],
    ] as const) {
      const error = errorOf(await callPlugin(node.socketPath, stranger(name, NETWORK, [address])));
      expect(error).toMatchObject({
        code: 102,
        msg: expect.stringContaining(
          `address ${address} is held by nobody, but kept for pod default/web-0 (interface net1) since `,
        ),
      });
      expect(error.msg).toContain(`kubectl delete iplease ${address} frees it`);
    }

    expect(await controller.lookAfter(KEPT_MS - 1)).toEqual([]);
    controller.pass(1);
    expect(await controller.look()).toEqual([address]);
    const next = stranger("db-2", NETWORK, [address]);
    expect(addressesOf(resultOf(await callPlugin(n2.socketPath, next)))).toEqual([address]);
    resultOf(await callPlugin(n2.socketPath, delCall(next)));
  });

  it.each<{ readonly what: string; readonly owned: Owned }>([
    { what: "of a Deployment", owned: OF_DEPLOYMENT },
    { what: "of nobody", owned: {} },
    { what: "of nobody whose annotation says something else", owned: { annotations: { [RETAIN]: "yes" } } },
    {
      what: "of a Deployment whose annotation says no",
      owned: { ...OF_DEPLOYMENT, annotations: { [RETAIN]: "false" } },
    },
  ])("the address of a pod $what is free at once", async ({ owned }) => {
    const pod = await start(n1, "web-7c5ddbdf54-x8k2p", owned);
    await pod.attach(NETWORK);
    await stop(pod);
    expect(await leasedAddresses(cluster.controlPlane)).toEqual([]);
  });

  it.each<{ readonly what: string; readonly owned: Owned }>([
    { what: "of nobody", owned: { annotations: { [RETAIN]: "true" } } },
    { what: "of a Deployment", owned: { ...OF_DEPLOYMENT, annotations: { [RETAIN]: "true" } } },
  ])("a pod $what keeps its address by its annotation, on another node too", async ({ owned }) => {
    const first = await start(n1, "keeps-it", owned);
    const before = addressesOf(await first.attach(NETWORK));
    await stop(first);
    expect((await listLeases(cluster.controlPlane)).map(({ spec }) => spec)).toMatchObject([
      { address: before[0], node: "", holder: "default/keeps-it/net1", keepSeconds: KEPT_MS / 1_000 },
    ]);
    const stealing = stranger("steals-it", NETWORK, before);
    expect(errorOf(await callPlugin(n2.socketPath, stealing))).toMatchObject({
      code: 102,
      msg: expect.stringContaining("kept for pod default/keeps-it (interface net1)"),
    });

    const second = await start(n2, "keeps-it", owned);
    expect(addressesOf(await second.attach(NETWORK))).toEqual(before);
    await stop(second);
    const third = await start(n2, "keeps-it", owned);
    expect(addressesOf(await third.attach(NETWORK))).toEqual(before);
    await stop(third);
  });

  it("a pod that comes again without the annotation has its address once more, and then it is free", async () => {
    const first = await start(n1, "keeps-it", { annotations: { [RETAIN]: "true" } });
    const before = addressesOf(await first.attach(NETWORK));
    await stop(first);
    const second = await start(n2, "keeps-it", {});
    expect(addressesOf(await second.attach(NETWORK))).toEqual(before);
    await stop(second);
    expect(await leasedAddresses(cluster.controlPlane)).toEqual([]);
  });

  it("the address of a StatefulSet's pod that is gone before its DEL is kept by its name", async () => {
    const pod = await start(n1, "web-1");
    const before = addressesOf(await pod.attach(NETWORK));
    await deletePod(cluster.controlPlane, pod.pod);
    await pod.detach(NETWORK);
    const next = await start(n2, "web-1");
    expect(addressesOf(await next.attach(NETWORK))).toEqual(before);
    await stop(next);
  });

  it("S7: a pod on strategy Index takes its own kept address over, on another node", async () => {
    const first = await start(n1, "web-7");
    expect(addressesOf(await first.attach(INDEXED))).toEqual(["10.52.0.8"]);
    await stop(first, INDEXED);
    const second = await start(n2, "web-7");
    expect(addressesOf(await second.attach(INDEXED))).toEqual(["10.52.0.8"]);
    await stop(second, INDEXED);
  });

  it("two agents that take one kept address at once: one of the two pods has it", async () => {
    const first = await start(n1, "web-0");
    const [address = ""] = addressesOf(await first.attach(NETWORK));
    await stop(first);
    const pods: readonly Pod[] = ["a", "b"].map((uid) => ({ namespace: "default", name: "web-0", uid }));
    const nodes = [n1, n2];
    const both = await Promise.all(
      pods.map((pod, index) =>
        callPlugin((nodes[index] ?? n1).socketPath, addCall(`sandbox-${pod.uid}`, NETWORK, { pod })),
      ),
    );
    const addresses = both.map(resultOf).flatMap(addressesOf);
    expect(addresses.filter((one) => one === address)).toHaveLength(1);
    expect(new Set(addresses).size).toBe(2);
  });

  it("an address that cools down is nobody's for that time, but for the pod that had it", async () => {
    const call = stranger("cool", COOLING, ["10.51.0.9"]);
    resultOf(await callPlugin(n1.socketPath, call));
    resultOf(await callPlugin(n1.socketPath, delCall(call)));
    const other = stranger("other", COOLING, ["10.51.0.9"]);
    const error = errorOf(await callPlugin(n2.socketPath, other));
    expect(error).toMatchObject({ code: 102, msg: expect.stringContaining("kept for pod default/cool") });

    const again = stranger("cool", COOLING, ["10.51.0.9"]);
    resultOf(await callPlugin(n2.socketPath, again));
    resultOf(await callPlugin(n2.socketPath, delCall(again)));
    expect(await controller.lookAfter(30_000)).toEqual(["10.51.0.9"]);
    resultOf(await callPlugin(n2.socketPath, other));
    resultOf(await callPlugin(n2.socketPath, delCall(other)));
  });

  it("an address without a pod cools down, and is refused as such", async () => {
    const call = { ...stranger("nobody", COOLING, ["10.51.0.10"]), pod: undefined };
    resultOf(await callPlugin(n1.socketPath, call));
    resultOf(await callPlugin(n1.socketPath, delCall(call)));
    const error = errorOf(await callPlugin(n1.socketPath, stranger("other", COOLING, ["10.51.0.10"])));
    expect(error).toMatchObject({ code: 102, msg: expect.stringContaining("held by nobody, but cooling down since ") });
  });

  it("a pool that no controller has looked at is refused with what to do, and serves as soon as one has", async () => {
    const ranges = [{ subnet: "10.53.0.0/24" }];
    await createPool(cluster.controlPlane, "unwatched", { ranges, coolDownSeconds: 30 });
    const call = addCall("early", { ...NETWORK, name: "unwatched" });
    const error = errorOf(await callPlugin(n1.socketPath, call));
    expect(error.code).toBe(7);
    expect(error.msg).toContain("pool unwatched: spec.coolDownSeconds is 30, and no controller has looked at the pool");
    expect(error.msg).toContain("start the controller, or remove the field");
    await controller.markReady("unwatched");
    resultOf(await callPlugin(n2.socketPath, call));
    resultOf(await callPlugin(n2.socketPath, delCall(call)));
  });
});
