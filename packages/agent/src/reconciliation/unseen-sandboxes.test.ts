import { beforeEach, describe, expect, test } from "vitest";
import { never } from "../testing/agent-world.ts";
import { type CallFixture, netnsOf } from "../testing/cni-calls.ts";
import { ReconcilingNode } from "../testing/reconciling-node.ts";

const TEN_MINUTES_MS = 600_000;
const POD = { namespace: "shop", name: "web-0", uid: "uid-web-0" };

let node: ReconcilingNode;

beforeEach(async () => {
  node = new ReconcilingNode();
  await node.world.load();
});

/** An ADD whose sandbox the agent cannot see. */
async function addUnseen(call: CallFixture = {}): Promise<string> {
  node.world.sandboxes.hide(netnsOf(call.containerId ?? "c1"));
  return node.world.addOne(call);
}

describe("a lease whose sandbox nobody sees", () => {
  test("is released when two looks ten minutes apart have found no such pod, read once more by its name", async () => {
    const address = await addUnseen();
    const report = await node.roundsApart(TEN_MINUTES_MS);
    expect(report.done).toMatchObject([{ finding: "pod-gone", ip: address, pod: "shop/web-0" }]);
    expect(node.leases()).toEqual([]);
    expect(node.counted).toEqual(["pod-gone"]);
    expect(node.pods.calls).toEqual(["list n1", "list n1", "get shop/web-0"]);
    expect(node.events).toMatchObject([
      { reason: "StaleLeaseReleased", regarding: { kind: "IPLease", name: address } },
    ]);
  });

  test("stays when the second look comes too soon", async () => {
    await addUnseen();
    expect((await node.roundsApart(TEN_MINUTES_MS - 1)).suspected).toMatchObject([{ finding: "pod-gone" }]);
    expect(node.leases()).toHaveLength(1);
  });

  test.each<readonly [string, CallFixture["pod"], Parameters<ReconcilingNode["pods"]["put"]>[0]]>([
    ["its pod is there", POD, POD],
    ["its pod has run to its end, since its object is there", POD, POD],
    [
      "the runtime told no uid and a pod of that name is on its node",
      { ...POD, uid: "" },
      { ...POD, uid: "another", node: "n1" },
    ],
    [
      "it is a static pod's, whose mirror bears the hash",
      { ...POD, uid: "hash-1" },
      { ...POD, uid: "mirror", annotations: { "kubernetes.io/config.hash": "hash-1" } },
    ],
    [
      "it is a static pod's, whose mirror says so",
      { ...POD, uid: "hash-1" },
      { ...POD, uid: "mirror", annotations: { "kubernetes.io/config.mirror": "hash-1" } },
    ],
  ])("stays while %s", async (_title, pod, found) => {
    await addUnseen({ pod });
    node.pods.put(found);
    await node.roundsApart(TEN_MINUTES_MS);
    expect((await node.roundsApart(TEN_MINUTES_MS)).suspected).toEqual([]);
    expect(node.leases()).toHaveLength(1);
  });

  test.each<readonly [string, CallFixture["pod"], Parameters<ReconcilingNode["pods"]["put"]>[0] | undefined]>([
    ["another pod has its name, as a StatefulSet makes it again", POD, { ...POD, uid: "uid-2" }],
    ["the runtime told no uid and no pod has its name", { ...POD, uid: "" }, undefined],
    [
      "the runtime told no uid and the pod of its name is on another node",
      { ...POD, uid: "" },
      { ...POD, uid: "another", node: "n2" },
    ],
    [
      "its static pod's file has changed",
      { ...POD, uid: "hash-1" },
      { ...POD, uid: "mirror", annotations: { "kubernetes.io/config.hash": "hash-2" } },
    ],
  ])("goes when %s", async (_title, pod, found) => {
    await addUnseen({ pod });
    if (found !== undefined) node.pods.put(found);
    await node.roundsApart(TEN_MINUTES_MS);
    expect(node.leases()).toEqual([]);
  });

  test("stays where no pod is named: nobody can tell", async () => {
    await addUnseen({ pod: undefined });
    await node.roundsApart(TEN_MINUTES_MS);
    expect((await node.roundsApart(TEN_MINUTES_MS)).done).toEqual([]);
    expect(node.leases()).toHaveLength(1);
    expect(node.pods.calls).toEqual([]);
  });

  test("stays when the pod turns up in the last look", async () => {
    await addUnseen();
    await node.round();
    await node.world.clock.advance(TEN_MINUTES_MS);
    const get = node.pods.get.bind(node.pods);
    node.pods.get = (...query) => {
      node.pods.put(POD);
      return get(...query);
    };
    expect((await node.round()).done).toEqual([]);
    expect(node.leases()).toHaveLength(1);
  });

  test("stays when its sandbox is seen in the end", async () => {
    const address = await node.world.addOne();
    node.world.sandboxes.hide(netnsOf("c1"));
    await node.round();
    node.world.sandboxes.restore(netnsOf("c1"));
    await node.world.clock.advance(TEN_MINUTES_MS);
    expect((await node.round()).done).toEqual([]);
    expect(node.leases()).toEqual([`${address} c1`]);
  });

  test("stays while the pods cannot be listed, which starts no time again", async () => {
    await addUnseen();
    await node.round();
    node.pods.failure = new Error("the agent needs the permission to list pods");
    await node.world.clock.advance(TEN_MINUTES_MS);
    expect((await node.round()).failures).toEqual([
      "list of the pods of n1: the agent needs the permission to list pods",
    ]);
    expect(node.leases()).toHaveLength(1);
    node.pods.failure = undefined;
    await node.round();
    expect(node.leases()).toEqual([]);
  });

  test("stays in a dry run", async () => {
    await addUnseen();
    const dry = node.anotherReconciler("dry-run");
    await dry.reconcile(never());
    await node.world.clock.advance(TEN_MINUTES_MS);
    expect((await dry.reconcile(never())).done).toMatchObject([{ finding: "pod-gone" }]);
    expect(node.counted).toEqual(["dry run: pod-gone"]);
    expect(node.leases()).toHaveLength(1);
  });
});

test("pods are not asked for while every sandbox is there or gone", async () => {
  await node.world.addOne();
  await node.world.addOne({ containerId: "c2", pod: { namespace: "shop", name: "web-1", uid: "u" } });
  node.world.sandboxes.end(netnsOf("c2"));
  await node.roundsApart(TEN_MINUTES_MS);
  expect(node.pods.calls).toEqual([]);
  expect(node.leases()).toHaveLength(1);
});

test("namespaces that an ADD saw and this process does not are told to the log once, with the way out", async () => {
  await node.world.addOne();
  node.world.sandboxes.hide(netnsOf("c1"));
  node.pods.put(POD);
  await node.roundsApart(TEN_MINUTES_MS);
  expect(node.world.lines.with("network namespaces of the node cannot be seen: their pods decide")).toMatchObject([
    { netns: netnsOf("c1"), wayOut: expect.stringContaining("mountPropagation: HostToContainer") },
  ]);
  expect(node.leases()).toHaveLength(1);
});
