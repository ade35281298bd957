import { IpamError } from "@cluster-ipam/errors";
import { beforeEach, describe, expect, test } from "vitest";
import { LATE_WRITE_MS } from "../attachments/attachments.ts";
import { settlePending } from "../releases/settle-pending.ts";
import { never, written } from "../testing/agent-world.ts";
import { netnsOf } from "../testing/cni-calls.ts";
import { leaseOf } from "../testing/objects.ts";
import { ReconcilingNode } from "../testing/reconciling-node.ts";
import { readLateLeases } from "./node-leases.ts";

const MINUTE_MS = 60_000;
const POD = { namespace: "shop", name: "web-0", uid: "uid-web-0" };
const LIVING = { netns: netnsOf("c5"), inode: "4026531840", bootID: "boot-1" };

let node: ReconcilingNode;

beforeEach(async () => {
  node = new ReconcilingNode();
  await node.world.load();
});

describe("a lease that an earlier process had under way for an ADD which its caller has made again since", () => {
  /** The ADD that was answered began after it. */
  const EARLIER = { bootID: "boot-1", bootTimeNs: "1" };
  let address: string;

  beforeEach(async () => {
    address = await node.world.addOne();
  });

  test.for(["late list", "round"])("is given back when the %s shows it, and what was answered stays", async (by) => {
    const { spec } = node.lease(address);
    await written(node.world.leases, leaseOf("10.0.0.200", { ...spec, address: "10.0.0.200", addedAt: EARLIER }));
    if (by === "round") await node.round();
    else await Promise.all([readLateLeases(node.world.agent, never()), node.world.clock.advance(LATE_WRITE_MS)]);
    await settlePending(never(), node.world.agent);
    expect(node.leases()).toEqual([`${address} c1`]);
  });

  test("is taken into memory where it is of the same ADD, or of another interface", async () => {
    const { spec } = node.lease(address);
    await written(node.world.leases, leaseOf("10.0.0.200", { ...spec, address: "10.0.0.200" }));
    const other = { ...spec, address: "10.0.0.201", addedAt: EARLIER, ifName: "net2" };
    await written(node.world.leases, leaseOf("10.0.0.201", other));
    await node.round();
    await settlePending(never(), node.world.agent);
    expect(node.leases()).toHaveLength(3);
    expect(node.counted).toEqual(["adopted", "adopted"]);
  });
});

describe("a lease that was deleted by hand under a living sandbox", () => {
  let address: string;

  beforeEach(async () => {
    address = await node.world.addOne();
  });

  test("is created again as it was; counted, logged and told as an event", async () => {
    const { metadata, spec } = node.lease(address);
    await node.deleteByHand(address);
    const report = await node.round();
    expect(node.lease(address).spec).toEqual(spec);
    expect(node.lease(address).metadata.uid).not.toBe(metadata.uid);
    expect(report).toMatchObject({ done: [{ finding: "recreated", ip: address }], suspected: [], failures: [] });
    expect(node.counted).toEqual(["recreated"]);
    expect(node.events).toMatchObject([{ type: "Warning", reason: "LeaseRecreated", regarding: { name: address } }]);
    expect(node.world.lines.with("missing lease of a living sandbox created again")).toHaveLength(1);
  });

  test("goes with the DEL of its attachment afterwards, and comes back no more", async () => {
    await node.deleteByHand(address);
    await node.round();
    await node.world.del();
    expect(node.leases()).toEqual([]);
    expect((await node.round()).done).toEqual([]);
    expect(node.leases()).toEqual([]);
  });

  test("is not created again where its DEL came first, though the list is older", async () => {
    const list = node.world.leases.listByNode.bind(node.world.leases);
    await node.deleteByHand(address);
    node.world.leases.listByNode = async (name, signal) => {
      const listed = await list(name, signal);
      await node.world.del();
      return listed;
    };
    expect((await node.round()).done).toEqual([]);
    expect(node.leases()).toEqual([]);
  });

  test("is not created again while a DEL of its attachment is under way", async () => {
    await node.deleteByHand(address);
    const deleting = node.world.del();
    await Promise.all([deleting, node.round()]);
    expect(node.leases()).toEqual([]);
    expect(node.counted).toEqual([]);
  });

  test("is forgotten where its sandbox is gone, too, in two looks a minute apart", async () => {
    await node.deleteByHand(address);
    node.world.sandboxes.end(netnsOf("c1"));
    expect(await node.round()).toMatchObject({ leases: 1, done: [] });
    await node.world.clock.advance(MINUTE_MS);
    expect(await node.round()).toMatchObject({ leases: 0, done: [] });
    expect(node.leases()).toEqual([]);
  });

  test("is created again where its sandbox was out of sight for a moment only", async () => {
    await node.deleteByHand(address);
    node.world.sandboxes.end(netnsOf("c1"));
    await node.round();
    node.world.sandboxes.restore(netnsOf("c1"));
    await node.round();
    expect(node.leases()).toEqual([`${address} c1`]);
  });

  test("is forgotten where its sandbox is gone, and another holder of this node is taken into memory", async () => {
    await node.deleteByHand(address);
    node.world.sandboxes.end(netnsOf("c1"));
    await written(node.world.leases, leaseOf(address, { containerID: "c5", sandbox: LIVING }));
    const report = await node.roundsApart(MINUTE_MS);
    expect(report.done).toMatchObject([{ finding: "adopted", containerId: "c5" }]);
    expect(node.world.agent.attachments.byName(address)?.spec.containerID).toBe("c5");
    expect(node.leases()).toEqual([`${address} c5`]);
  });

  test.each([
    ["is created again where its sandbox cannot be seen and its pod is there", true, 1],
    ["is forgotten where its sandbox cannot be seen and its pod is gone", false, 0],
  ])("%s", async (_title, isPodThere, count) => {
    node.world.sandboxes.hide(netnsOf("c1"));
    if (isPodThere) node.pods.put(POD);
    await node.deleteByHand(address);
    await node.roundsApart(10 * MINUTE_MS);
    expect(node.leases()).toHaveLength(count);
    expect(node.world.agent.attachments.size).toBe(count);
  });

  test("is left alone in a dry run, which says what it would do", async () => {
    await node.deleteByHand(address);
    const report = await node.anotherReconciler("dry-run").reconcile(never());
    expect(report.done).toMatchObject([{ finding: "recreated", ip: address }]);
    expect(node.counted).toEqual(["dry run: recreated"]);
    expect(node.leases()).toEqual([]);
    expect(node.events).toEqual([]);
  });

  test("is created once, however late an attempt without an answer is carried out", async () => {
    await node.deleteByHand(address);
    node.world.leases.faults.failWrites("create", { kind: "answer-lost" });
    const reconciling = node.round();
    await node.world.clock.advance(1_000);
    await reconciling;
    expect(node.leases()).toEqual([`${address} c1`]);
    await settlePending(never(), node.world.agent);
    expect(node.leases()).toEqual([`${address} c1`]);
  });

  test("is kept where its creation was given up and is carried out later, and goes with its DEL", async () => {
    await node.deleteByHand(address);
    const late = Promise.withResolvers<void>();
    node.world.leases.faults.failWrites("create", { kind: "late", until: late.promise });
    const ended = new AbortController();
    const reconciling = node.reconciler.reconcile(ended.signal);
    await node.world.clock.advance(0);
    ended.abort(new IpamError("apiserver-unreachable", "too late"));
    await reconciling;
    late.resolve();
    await node.world.clock.advance(0);
    expect(node.leases()).toEqual([`${address} c1`]);
    await settlePending(never(), node.world.agent);
    expect(node.leases()).toEqual([`${address} c1`]);
    await node.world.clock.advance(LATE_WRITE_MS);
    await settlePending(never(), node.world.agent);
    expect(node.world.agent.pending.size).toBe(0);
    await node.world.del();
    expect(node.leases()).toEqual([]);
  });

  test("is not looked for while the server is known to be away, and comes back after that", async () => {
    await node.deleteByHand(address);
    node.world.circuit.open();
    await node.round();
    expect(node.takeCalls()).toEqual(["listByNode n1"]);
    node.world.circuit.close();
    await node.round();
    expect(node.leases()).toEqual([`${address} c1`]);
  });

  test("is tried again in the next look where the server refused", async () => {
    await node.deleteByHand(address);
    const refused = new IpamError("apiserver-refused", "no permission to create ipleases");
    node.world.leases.faults.failWrites("create", { kind: "refused", error: refused });
    expect((await node.round()).failures).toEqual([`look at ${address}: no permission to create ipleases`]);
    await node.round();
    expect(node.leases()).toEqual([`${address} c1`]);
  });
});

describe("the address of a living sandbox that another holder has", () => {
  let address: string;

  beforeEach(async () => {
    address = await node.world.addOne();
    await node.deleteByHand(address);
  });

  async function takenBy(change: Parameters<typeof leaseOf>[1]): Promise<void> {
    const pod = { namespace: "shop", name: "thief", uid: "uid-thief" };
    const holder = "shop/thief/net1";
    await written(node.world.leases, leaseOf(address, { containerID: "c5", pod, holder, ...change }));
    node.takeCalls();
  }

  test("stays as it is, and is told to lease and pod, log and meter, once with each list", async () => {
    await takenBy({ node: "n2" });
    const report = await node.round();
    expect(report.done).toMatchObject([
      { finding: "duplicate-holder", ip: address, pod: "shop/web-0", reason: expect.stringContaining("shop/thief") },
    ]);
    expect(node.counted).toEqual(["duplicate-holder"]);
    expect(node.events.map(({ type, reason, regarding }) => [type, reason, regarding.kind, regarding.name])).toEqual([
      ["Warning", "DuplicateHolder", "IPLease", address],
      ["Warning", "DuplicateHolder", "Pod", "web-0"],
    ]);
    expect(node.events[0]?.note).toContain("pod shop/thief (interface net1) on node n2");
    expect(node.leases()).toEqual([`${address} c5`]);
    expect(node.takeCalls()).toEqual(["listByNode n1", `get ${address}`]);
    await node.round();
    expect(node.counted).toHaveLength(2);
  });

  test("is left to a living attachment of the same node", async () => {
    await takenBy({ sandbox: LIVING });
    await node.roundsApart(MINUTE_MS);
    expect(node.leases()).toEqual([`${address} c5`]);
    expect(new Set(node.counted)).toEqual(new Set(["duplicate-holder"]));
  });

  test("is told of where this agent itself has given it to another pod, and comes back when that ends", async () => {
    const pod = { namespace: "shop", name: "thief", uid: "uid-thief" };
    const ips = { config: { runtimeConfig: { ips: [address] } } };
    expect(await node.world.addOne({ containerId: "c5", pod, ...ips })).toBe(address);
    expect((await node.round()).done).toMatchObject([{ finding: "duplicate-holder", ip: address, containerId: "c1" }]);
    expect(node.leases()).toEqual([`${address} c5`]);
    await node.world.del({ containerId: "c5", pod });
    expect((await node.round()).done).toMatchObject([{ finding: "recreated", containerId: "c1" }]);
    expect(node.leases()).toEqual([`${address} c1`]);
  });

  test.each<readonly [string, (of: ReconcilingNode) => Promise<unknown>, readonly string[]]>([
    ["its DEL has come since", (of) => of.world.del(), []],
    ["another ADD has given it another address", (of) => of.world.addOne(), ["c1"]],
    ["its sandbox is gone", async (of) => of.world.sandboxes.end(netnsOf("c1")), []],
  ])("does not come back where %s", async (_title, end, left) => {
    const pod = { namespace: "shop", name: "thief", uid: "uid-thief" };
    const ips = { config: { runtimeConfig: { ips: [address] } } };
    await node.world.addOne({ containerId: "c5", pod, ...ips });
    await end(node);
    await node.roundsApart(MINUTE_MS);
    await node.world.del({ containerId: "c5", pod });
    await node.roundsApart(MINUTE_MS);
    expect(node.leases().map((lease) => lease.split(" ")[1])).toEqual(left);
    expect(node.counted).not.toContain("recreated");
    expect(node.world.agent.attachments.ousted.all()).toEqual([]);
  });

  test("comes back once the other has let go of it", async () => {
    await takenBy({ node: "n2" });
    await node.round();
    await node.deleteByHand(address);
    await node.round();
    expect(node.leases()).toEqual([`${address} c1`]);
    expect(node.counted).toEqual(["duplicate-holder", "recreated"]);
  });

  test("comes back when the other is of this node and its sandbox is seen to be gone twice, a minute apart", async () => {
    await takenBy({ sandbox: { ...LIVING, inode: "7" } });
    expect((await node.round()).suspected).toMatchObject([{ finding: "sandbox-gone", containerId: "c5" }]);
    expect(node.leases()).toEqual([`${address} c5`]);
    await node.world.clock.advance(MINUTE_MS);
    await node.round();
    expect(node.leases()).toEqual([`${address} c1`]);
    expect(node.counted).toEqual(["sandbox-gone", "recreated"]);
  });

  test("is left to one of another node though the path of its sandbox is missing here", async () => {
    await takenBy({ node: "n2", sandbox: { ...LIVING, inode: "7" } });
    await node.roundsApart(MINUTE_MS);
    expect(node.leases()).toEqual([`${address} c5`]);
  });

  test("is left to a reservation made by hand", async () => {
    const { pod: _pod, ...free } = leaseOf(address, {
      node: "",
      containerID: "",
      ifName: "",
      holder: "",
      network: "",
    }).spec;
    await written(node.world.leases, { ...leaseOf(address), spec: { ...free, reserved: { reason: "a printer" } } });
    expect((await node.round()).done).toMatchObject([{ finding: "duplicate-holder" }]);
    expect(node.leases()).toEqual([`${address} `]);
  });
});

describe("a lease that the server has for this node and memory has not", () => {
  test("is taken into memory, counted, and released when its sandbox is gone", async () => {
    await written(node.world.leases, leaseOf("10.0.0.9", { containerID: "c9", sandbox: { ...LIVING, inode: "7" } }));
    const report = await node.round();
    expect(report.done).toMatchObject([{ finding: "adopted", ip: "10.0.0.9" }]);
    expect(report.suspected).toMatchObject([{ finding: "sandbox-gone", ip: "10.0.0.9" }]);
    await node.world.clock.advance(MINUTE_MS);
    await node.round();
    expect(node.leases()).toEqual([]);
    expect(node.counted).toEqual(["adopted", "sandbox-gone"]);
  });

  test("is not taken in where a DEL has released it since the list", async () => {
    const address = await node.world.addOne();
    const list = node.world.leases.listByNode.bind(node.world.leases);
    node.world.leases.listByNode = async (name, signal) => {
      const listed = await list(name, signal);
      await node.world.del();
      return listed;
    };
    expect(await node.round()).toMatchObject({ leases: 0, done: [] });
    expect(node.world.agent.attachments.byName(address)).toBeUndefined();
  });

  test("is not taken in while it waits to be released", async () => {
    await node.world.addOne();
    node.world.leases.faults.failWrites("delete", { kind: "lost" });
    await node.world.del();
    expect(await node.round()).toMatchObject({ leases: 0, done: [] });
    await settlePending(never(), node.world.agent);
    expect(node.leases()).toEqual([]);
  });
});

describe("a lease that was edited by hand", () => {
  test("is known as it is from then on", async () => {
    const address = await node.world.addOne();
    const edited = await node.editByHand(address, { gateway: "10.0.0.254" });
    expect((await node.round()).done).toEqual([]);
    expect(node.world.agent.attachments.byName(address)?.metadata.resourceVersion).toBe(
      edited.metadata.resourceVersion,
    );
  });

  test("to another boot is that of a sandbox that is gone", async () => {
    const address = await node.world.addOne();
    const { sandbox } = node.lease(address).spec;
    if (sandbox === undefined) throw new Error("the lease has no sandbox");
    await node.editByHand(address, { sandbox: { ...sandbox, bootID: "boot-0" } });
    await node.roundsApart(MINUTE_MS);
    expect(node.leases()).toEqual([]);
  });
});

describe("a server that was restored from a backup and counts versions anew", () => {
  test("is believed: what memory holds at a later version is replaced by what a read shows", async () => {
    const address = await node.world.addOne();
    const known = node.lease(address);
    const later = { ...known, metadata: { ...known.metadata, resourceVersion: "900000" } };
    node.world.agent.attachments.put(later);
    await node.round();
    expect(node.world.agent.attachments.byName(address)?.metadata.resourceVersion).toBe(known.metadata.resourceVersion);
  });

  test("is asked again where a write contradicts memory, without a list", async () => {
    const address = await node.world.addOne();
    const known = node.lease(address);
    node.world.agent.attachments.put({ ...known, metadata: { ...known.metadata, resourceVersion: "900000" } });
    node.world.agent.attachments.put(known);
    expect(node.world.agent.attachments.byName(address)?.metadata.resourceVersion).toBe("900000");
    node.takeCalls();
    const ended = new AbortController();
    const running = node.reconciler.runUntil(ended.signal);
    await node.world.clock.advance(0);
    expect(node.takeCalls()).toEqual([`get ${address}`]);
    expect(node.world.agent.attachments.byName(address)?.metadata.resourceVersion).toBe(known.metadata.resourceVersion);
    ended.abort();
    await running;
  });
});

test("a list that cannot be had is a failure of the round, and the rest of it is done", async () => {
  const address = await node.world.addOne();
  node.world.sandboxes.end(netnsOf("c1"));
  const error = new IpamError("apiserver-unreachable", "no answer");
  node.world.leases.faults.failReads("listByNode", { kind: "refused", error });
  const report = await node.round();
  expect(report.failures).toEqual(["list of the node's leases: no answer"]);
  expect(report.suspected).toMatchObject([{ ip: address }]);
});
