import type { IPLeaseSpec } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import { beforeEach, describe, expect, test } from "vitest";
import { settlePending } from "../releases/settle-pending.ts";
import { never, written } from "../testing/agent-world.ts";
import { netnsOf } from "../testing/cni-calls.ts";
import { leaseOf } from "../testing/objects.ts";
import { ReconcilingNode } from "../testing/reconciling-node.ts";

const MINUTE_MS = 60_000;
const UNREACHABLE = { kind: "refused", error: new IpamError("apiserver-unreachable", "no answer") } as const;

let node: ReconcilingNode;

beforeEach(async () => {
  node = new ReconcilingNode();
  await node.world.load();
});

describe("a lease whose sandbox is gone", () => {
  let address: string;

  beforeEach(async () => {
    address = await node.world.addOne();
    node.world.sandboxes.end(netnsOf("c1"));
    node.takeCalls();
  });

  test("is released when two looks a minute apart have found that; counted, logged and told as an event", async () => {
    const report = await node.roundsApart(MINUTE_MS);
    expect(node.leases()).toEqual([]);
    const told = { ip: address, pool: "lan", pod: "shop/web-0", containerId: "c1", ifName: "net1" };
    expect(report).toMatchObject({ mode: "on", leases: 0, suspected: [], failures: [] });
    expect(report.done).toMatchObject([{ finding: "sandbox-gone", ...told, reason: "its network namespace is gone" }]);
    expect(node.counted).toEqual(["sandbox-gone"]);
    expect(node.world.lines.with("stale lease released: its sandbox is gone")).toMatchObject([told]);
    expect(node.events).toMatchObject([
      { type: "Normal", reason: "StaleLeaseReleased", regarding: { kind: "IPLease", name: address, namespace: "" } },
    ]);
  });

  test("is read again and deleted at its version, nothing else", async () => {
    await node.round();
    await node.world.clock.advance(MINUTE_MS);
    node.takeCalls();
    await node.round();
    expect(node.takeCalls()).toEqual(["listByNode n1", `get ${address}`, `delete ${address}`]);
  });

  test("waits while the server is known to be away, and goes with the first look after that", async () => {
    await node.round();
    await node.world.clock.advance(MINUTE_MS);
    node.takeCalls();
    node.world.circuit.open();
    const { done, suspected } = await node.round();
    expect({ done, suspected }).toMatchObject({ done: [], suspected: [{ finding: "sandbox-gone", ip: address }] });
    expect(node.takeCalls()).toEqual(["listByNode n1"]);
    node.world.circuit.close();
    await node.round();
    expect(node.leases()).toEqual([]);
  });

  test("stays after the first look, and for as long as the second comes too soon", async () => {
    const first = await node.round();
    expect(first.suspected).toMatchObject([{ finding: "sandbox-gone", ip: address }]);
    await node.world.clock.advance(MINUTE_MS - 1);
    const second = await node.round();
    expect(second).toMatchObject({ done: [], suspected: [{ ip: address }] });
    expect(node.leases()).toEqual([`${address} c1`]);
    expect(node.counted).toEqual([]);
  });

  test("stays when its sandbox was seen in between: the time counts anew", async () => {
    await node.round();
    await node.world.clock.advance(MINUTE_MS);
    node.world.sandboxes.restore(netnsOf("c1"));
    await node.round();
    node.world.sandboxes.end(netnsOf("c1"));
    expect((await node.round()).suspected).toHaveLength(1);
    expect(node.leases()).toEqual([`${address} c1`]);
  });

  test("stays when another sandbox of the pod has taken it over between the looks", async () => {
    await node.round();
    await node.world.clock.advance(MINUTE_MS);
    expect(await node.world.addOne({ containerId: "c2" })).toBe(address);
    expect((await node.round()).done).toEqual([]);
    expect(node.leases()).toEqual([`${address} c2`]);
  });

  test("stays when another sandbox takes it over while it is read for the last time", async () => {
    await node.round();
    await node.world.clock.advance(MINUTE_MS);
    const read = node.world.leases.get.bind(node.world.leases);
    node.world.leases.get = async (name, signal) => {
      node.world.leases.get = read;
      await node.world.add({ containerId: "c2" });
      return read(name, signal);
    };
    expect((await node.round()).done).toEqual([]);
    expect(node.leases()).toEqual([`${address} c2`]);
    expect(node.world.agent.attachments.byName(address)?.spec.containerID).toBe("c2");
  });

  test("stays when an ADD of the same container has come with a new sandbox while the round waited", async () => {
    await node.round();
    await node.world.clock.advance(MINUTE_MS);
    node.world.sandboxes.restore(netnsOf("c1"));
    node.world.sandboxes.renew(netnsOf("c1"));
    const turn = Promise.withResolvers<void>();
    const before = node.world.agent.gate.run({ containerId: "c1", ifName: "net1" }, () => turn.promise);
    const adding = node.world.addOne();
    const reconciling = node.round();
    turn.resolve();
    await Promise.all([before, adding, reconciling]);
    expect(node.leases()).toEqual([`${address} c1`]);
    expect((await reconciling).done).toEqual([]);
  });

  test("that the server shows with another, living sandbox of the same container stays", async () => {
    await node.round();
    await node.world.clock.advance(MINUTE_MS);
    const living = node.world.sandboxes.observe(netnsOf("c9"));
    await node.editByHand(address, living === undefined ? {} : { sandbox: living });
    expect((await node.round()).done).toEqual([]);
    expect(node.leases()).toEqual([`${address} c1`]);
  });

  test("that is another attachment's on the server by then is forgotten, and the other keeps it", async () => {
    const reconciler = node.anotherReconciler();
    await node.round();
    await node.world.clock.advance(MINUTE_MS);
    await node.editByHand(address, { containerID: "elsewhere", node: "n2" });
    await reconciler.reconcile(never());
    await node.round();
    expect(node.leases()).toEqual([`${address} elsewhere`]);
    expect(node.world.agent.attachments.size).toBe(0);
    expect(node.counted).toEqual([]);
  });

  test("that somebody has deleted by hand is just forgotten", async () => {
    await node.deleteByHand(address);
    const report = await node.roundsApart(MINUTE_MS);
    expect(report).toMatchObject({ leases: 0, done: [], suspected: [], failures: [] });
    expect(node.leases()).toEqual([]);
    expect(node.events).toEqual([]);
  });

  test("whose release has no answer is released later, and not told as one that failed", async () => {
    node.world.leases.faults.failWrites("delete", { kind: "lost" });
    const report = await node.roundsApart(MINUTE_MS);
    expect(report.failures).toEqual([]);
    expect(node.leases()).toEqual([`${address} c1`]);
    await settlePending(never(), node.world.agent);
    expect(node.leases()).toEqual([]);
  });

  test("stays while the server cannot be asked, which the report and the log say; the next round releases it", async () => {
    await node.round();
    await node.world.clock.advance(MINUTE_MS);
    node.world.leases.faults.failReads("get", UNREACHABLE);
    const report = await node.round();
    expect(report.failures).toEqual([`release of ${address}: no answer`]);
    expect(node.leases()).toEqual([`${address} c1`]);
    await node.round();
    expect(node.leases()).toEqual([]);
  });

  test("stays in a dry run, which counts and logs it once, and reports it each time", async () => {
    const dry = node.anotherReconciler("dry-run");
    await dry.reconcile(never());
    await node.world.clock.advance(MINUTE_MS);
    for (let round = 0; round < 3; round += 1) {
      expect(await dry.reconcile(never())).toMatchObject({
        mode: "dry-run",
        done: [{ finding: "sandbox-gone", ip: address }],
      });
    }
    const calls = node.takeCalls();
    expect(calls.filter((call) => call === `get ${address}`)).toHaveLength(1);
    expect(calls.filter((call) => !call.startsWith("get") && !call.startsWith("list"))).toEqual([]);
    expect(node.leases()).toEqual([`${address} c1`]);
    expect(node.counted).toEqual(["dry run: sandbox-gone"]);
    expect(node.world.lines.with("stale lease released: its sandbox is gone")).toMatchObject([{ isDryRun: true }]);
    expect(node.events).toEqual([]);
    expect(node.world.agent.attachments.size).toBe(1);
  });
});

describe("a lease is not released", () => {
  test("while its sandbox is there, whatever becomes of its pod", async () => {
    const address = await node.world.addOne();
    for (let round = 0; round < 4; round += 1) expect((await node.roundsApart(10 * MINUTE_MS)).done).toEqual([]);
    expect(node.leases()).toEqual([`${address} c1`]);
    expect(node.pods.calls).toEqual([]);
  });

  test.each<readonly [string, Partial<IPLeaseSpec>]>([
    [
      "reserved by hand for the pod that has it",
      { reserved: { reason: "printer", for: { namespace: "shop", name: "web-0" } } },
    ],
    ["of another node", { node: "n2" }],
    [
      "retained for its pod, and of nobody's on a node",
      { node: "", containerID: "", releasedAt: "2026-01-01T00:00:00Z" },
    ],
  ])("that is %s", async (_title, spec) => {
    const sandbox = { netns: netnsOf("c7"), inode: "1", bootID: "boot-1" };
    const own = spec.containerID === "" ? {} : { sandbox };
    const lease = await written(node.world.leases, leaseOf("10.0.0.7", { ...own, ...spec }));
    node.world.agent.attachments.put(lease);
    node.world.sandboxes.end(netnsOf("c7"));
    await node.roundsApart(MINUTE_MS);
    await node.round();
    expect(node.leases()).toHaveLength(1);
  });
});

test.each([
  [
    "of another boot, though a namespace is at its path",
    { netns: netnsOf("c8"), inode: "4026531840", bootID: "boot-0" },
  ],
  ["whose path holds another namespace", { netns: netnsOf("c8"), inode: "7", bootID: "boot-1" }],
])("a lease %s is released", async (_title, sandbox) => {
  await written(node.world.leases, leaseOf("10.0.0.8", { containerID: "c8", sandbox }));
  await node.world.load();
  await node.roundsApart(MINUTE_MS);
  expect(node.leases()).toEqual([]);
});
