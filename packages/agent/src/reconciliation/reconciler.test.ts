import { beforeEach, describe, expect, test } from "vitest";
import { netnsOf } from "../testing/cni-calls.ts";
import { ReconcilingNode } from "../testing/reconciling-node.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

let node: ReconcilingNode;
let ended: AbortController;

beforeEach(async () => {
  node = new ReconcilingNode();
  await node.world.load();
  ended = new AbortController();
});

/** Lets the agent make its rounds by itself for so long. */
async function running(ms: number, reconciler = node.reconciler): Promise<void> {
  const loop = reconciler.runUntil(ended.signal);
  await node.world.clock.advance(ms);
  ended.abort();
  await loop;
}

describe("by itself, the agent", () => {
  test("asks nothing of the server for hours, but for the list of its leases every six, jittered", async () => {
    await node.world.addOne();
    node.takeCalls();
    await running(5.4 * HOUR_MS - 1);
    expect(node.takeCalls()).toEqual([]);
    ended = new AbortController();
    await running(6.7 * HOUR_MS);
    expect(node.takeCalls()).toEqual(["listByNode n1"]);
    expect(node.pods.calls).toEqual([]);
  });

  test("looks at the namespaces at its start and every two minutes, jittered", async () => {
    await running(20 * MINUTE_MS);
    expect(node.world.sandboxes.refreshes).toBeGreaterThanOrEqual(10);
    expect(node.world.sandboxes.refreshes).toBeLessThanOrEqual(12);
  });

  test("looks again a minute after something looked stale, and releases it", async () => {
    await node.world.addOne();
    node.world.sandboxes.end(netnsOf("c1"));
    await running(MINUTE_MS);
    expect(node.leases()).toEqual([]);
  });

  test("asks for pods every ten minutes while only they can tell, and releases what two lists miss", async () => {
    node.world.sandboxes.hide(netnsOf("c1"));
    await node.world.addOne();
    await running(9 * MINUTE_MS);
    expect(node.pods.calls).toEqual(["list n1"]);
    expect(node.leases()).toHaveLength(1);
  });

  test("has released after some twenty minutes what has no sandbox in sight and no pod", async () => {
    node.world.sandboxes.hide(netnsOf("c1"));
    await node.world.addOne();
    await running(13 * MINUTE_MS);
    expect(node.leases()).toEqual([]);
  });

  test("looks again at an address with two holders, by single reads and without telling of it again", async () => {
    const address = await node.world.addOne();
    await node.editByHand(address, { node: "n2", containerID: "elsewhere" });
    await node.round();
    node.takeCalls();
    await running(10 * MINUTE_MS);
    expect(new Set(node.takeCalls())).toEqual(new Set([`get ${address}`]));
    expect(node.counted).toEqual(["duplicate-holder"]);
  });

  test("does nothing where reconciliation is off", async () => {
    await node.world.addOne();
    node.world.sandboxes.end(netnsOf("c1"));
    node.takeCalls();
    await running(24 * HOUR_MS, node.anotherReconciler("off"));
    expect(node.takeCalls()).toEqual([]);
    expect(node.world.sandboxes.refreshes).toBe(0);
    expect(node.leases()).toHaveLength(1);
  });

  test("asks for the list again with the next look where it could not be had", async () => {
    await node.world.addOne();
    const list = node.world.leases.listByNode.bind(node.world.leases);
    let asked = 0;
    node.world.leases.listByNode = async (name, signal) => {
      asked += 1;
      if (asked < 3) throw new Error("not now");
      return list(name, signal);
    };
    await running(7 * HOUR_MS);
    expect(asked).toBe(3);
  });
});

test("two rounds at once are made one after the other", async () => {
  await node.world.addOne();
  node.world.sandboxes.end(netnsOf("c1"));
  const [first, second] = await Promise.all([node.round(), node.round()]);
  expect([first.suspected.length, second.suspected.length]).toEqual([1, 1]);
  expect(node.leases()).toHaveLength(1);
});

test("a defect ends the round and not the agent, and is told", async () => {
  await node.world.addOne();
  node.world.sandboxes.isGone = () => {
    throw new Error("a defect");
  };
  expect((await node.round()).failures).toEqual(["Error: a defect"]);
  expect(node.world.lines.with("reconciliation failed by a defect")).toHaveLength(1);
});
