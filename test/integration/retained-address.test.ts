import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { callPlugin, type Pod } from "./src/cni-call.ts";
import { deletePod } from "./src/core-objects.ts";
import { readInterface } from "./src/interface-state.ts";
import { addCall, delCall, errorOf, resultOf } from "./src/ipam-calls.ts";
import { addOf, KeepingCluster, keepingNetwork, type Owned } from "./src/keeping-cluster.ts";
import { addressesOf } from "./src/pod-sandbox.ts";
import { leasedAddresses, listLeases, removeLeases } from "./src/stored-objects.ts";

const FAMILIES = [
  {
    family: "IPv4",
    retained: keepingNetwork("retained-4", "10.50.0.0/24"),
    indexed: keepingNetwork("indexed-4", "10.52.0.0/24"),
  },
  {
    family: "IPv6",
    retained: keepingNetwork("retained-6", "fd00:50::/64"),
    indexed: keepingNetwork("indexed-6", "fd00:52::/64"),
  },
] as const;
const KEPT_MS = 600_000;
const RETAIN = "cluster-ipam.io/retain";
const OF_STATEFUL_SET: Owned = { controllerKind: "StatefulSet" };
const OF_DEPLOYMENT: Owned = { controllerKind: "ReplicaSet" };

let cluster: KeepingCluster;

beforeAll(async () => {
  cluster = await KeepingCluster.start();
  const retain = { policy: "StatefulSet", seconds: KEPT_MS / 1_000 } as const;
  for (const { retained, indexed } of FAMILIES) {
    await cluster.pool(retained, { retain });
    await cluster.pool(indexed, { retain, strategy: "Index" });
  }
});
afterAll(() => cluster?.close());
afterEach(() => removeLeases(cluster.controlPlane));

describe.each(FAMILIES)("$family addresses that are kept after their pod is gone", ({ retained, indexed }) => {
  it("S7: a StatefulSet's pod has its address again on another node, and on the first one after that", async () => {
    const first = await cluster.startPod(cluster.n1, "web-0", OF_STATEFUL_SET);
    const before = addressesOf(await first.attach(retained.config));
    await cluster.stopPod(first, retained);
    expect((await listLeases(cluster.controlPlane)).map(({ spec }) => spec)).toMatchObject([
      { address: before[0], node: "", containerID: "", holder: "default/web-0/net1", keepSeconds: 600 },
    ]);

    const second = await cluster.startPod(cluster.n2, "web-0", OF_STATEFUL_SET);
    expect(addressesOf(await second.attach(retained.config))).toEqual(before);
    expect((await readInterface(second.namespace, "net1")).addresses).toEqual([
      `${before[0]}/${retained.addresses.prefixLength}`,
    ]);
    await second.check(retained.config);
    // The kubelet repeats a DEL as it likes.
    await first.detach(retained.config);
    expect((await listLeases(cluster.controlPlane)).map(({ spec }) => spec.node)).toEqual(["n2"]);
    await cluster.stopPod(second, retained);

    const third = await cluster.startPod(cluster.n1, "web-0", OF_STATEFUL_SET);
    expect(addressesOf(await third.attach(retained.config))).toEqual(before);
    await cluster.stopPod(third, retained);
  });

  it("no other pod has it while it is kept, on either node, and any may once the controller has ended that", async () => {
    const pod = await cluster.startPod(cluster.n1, "web-0", OF_STATEFUL_SET);
    const [address = ""] = addressesOf(await pod.attach(retained.config));
    const [lease] = await listLeases(cluster.controlPlane);
    const name = lease?.metadata.name ?? "no lease";
    await cluster.stopPod(pod, retained);
    for (const [node, other] of [
      [cluster.n1, "db-0"],
      [cluster.n2, "db-1"],
    ] as const) {
      const error = errorOf(await callPlugin(node.socketPath, addOf(other, retained, [address])));
      expect(error).toMatchObject({
        code: 102,
        msg: expect.stringContaining(
          `address ${address} is held by nobody, but kept for pod default/web-0 (interface net1) since `,
        ),
      });
      expect(error.msg).toContain(`kubectl delete iplease ${name} frees it`);
    }

    expect(await cluster.controller.lookAfter(KEPT_MS - 1)).toEqual([]);
    cluster.controller.pass(1);
    expect(await cluster.controller.look()).toEqual([name]);
    const next = addOf("db-2", retained, [address]);
    expect(addressesOf(resultOf(await callPlugin(cluster.n2.socketPath, next)))).toEqual([address]);
    resultOf(await callPlugin(cluster.n2.socketPath, delCall(next)));
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
    const pod = await cluster.startPod(cluster.n1, "web-7c5ddbdf54-x8k2p", owned);
    await pod.attach(retained.config);
    await cluster.stopPod(pod, retained);
    expect(await leasedAddresses(cluster.controlPlane)).toEqual([]);
  });

  it.each<{ readonly what: string; readonly owned: Owned }>([
    { what: "of nobody", owned: { annotations: { [RETAIN]: "true" } } },
    { what: "of a Deployment", owned: { ...OF_DEPLOYMENT, annotations: { [RETAIN]: "true" } } },
  ])("a pod $what keeps its address by its annotation, on another node too", async ({ owned }) => {
    const first = await cluster.startPod(cluster.n1, "keeps-it", owned);
    const before = addressesOf(await first.attach(retained.config));
    await cluster.stopPod(first, retained);
    expect((await listLeases(cluster.controlPlane)).map(({ spec }) => spec)).toMatchObject([
      { address: before[0], node: "", holder: "default/keeps-it/net1", keepSeconds: KEPT_MS / 1_000 },
    ]);
    const stealing = addOf("steals-it", retained, before);
    expect(errorOf(await callPlugin(cluster.n2.socketPath, stealing))).toMatchObject({
      code: 102,
      msg: expect.stringContaining("kept for pod default/keeps-it (interface net1)"),
    });

    const second = await cluster.startPod(cluster.n2, "keeps-it", owned);
    expect(addressesOf(await second.attach(retained.config))).toEqual(before);
    await cluster.stopPod(second, retained);
    const third = await cluster.startPod(cluster.n2, "keeps-it", owned);
    expect(addressesOf(await third.attach(retained.config))).toEqual(before);
    await cluster.stopPod(third, retained);
  });

  it("a pod that comes again without the annotation has its address once more, and then it is free", async () => {
    const first = await cluster.startPod(cluster.n1, "keeps-it", { annotations: { [RETAIN]: "true" } });
    const before = addressesOf(await first.attach(retained.config));
    await cluster.stopPod(first, retained);
    const second = await cluster.startPod(cluster.n2, "keeps-it", {});
    expect(addressesOf(await second.attach(retained.config))).toEqual(before);
    await cluster.stopPod(second, retained);
    expect(await leasedAddresses(cluster.controlPlane)).toEqual([]);
  });

  it("the address of a StatefulSet's pod that is gone before its DEL is kept by its name", async () => {
    const pod = await cluster.startPod(cluster.n1, "web-1", OF_STATEFUL_SET);
    const before = addressesOf(await pod.attach(retained.config));
    await deletePod(cluster.controlPlane, pod.pod);
    await pod.detach(retained.config);
    const next = await cluster.startPod(cluster.n2, "web-1", OF_STATEFUL_SET);
    expect(addressesOf(await next.attach(retained.config))).toEqual(before);
    await cluster.stopPod(next, retained);
  });

  it("S7: a pod on strategy Index takes its own kept address over, on another node", async () => {
    const first = await cluster.startPod(cluster.n1, "web-7", OF_STATEFUL_SET);
    expect(addressesOf(await first.attach(indexed.config))).toEqual([indexed.addresses.at(8)]);
    await cluster.stopPod(first, indexed);
    const second = await cluster.startPod(cluster.n2, "web-7", OF_STATEFUL_SET);
    expect(addressesOf(await second.attach(indexed.config))).toEqual([indexed.addresses.at(8)]);
    await cluster.stopPod(second, indexed);
  });

  it("two agents that take one kept address at once: one of the two pods has it", async () => {
    const first = await cluster.startPod(cluster.n1, "web-0", OF_STATEFUL_SET);
    const [address = ""] = addressesOf(await first.attach(retained.config));
    await cluster.stopPod(first, retained);
    const pods: readonly Pod[] = ["a", "b"].map((uid) => ({ namespace: "default", name: "web-0", uid }));
    const nodes = [cluster.n1, cluster.n2];
    const both = await Promise.all(
      pods.map((pod, index) =>
        callPlugin((nodes[index] ?? cluster.n1).socketPath, addCall(`sandbox-${pod.uid}`, retained.config, { pod })),
      ),
    );
    const addresses = both.map(resultOf).flatMap(addressesOf);
    expect(addresses.filter((one) => one === address)).toHaveLength(1);
    expect(new Set(addresses).size).toBe(2);
  });
});
