import { attachedLease, blockOf } from "@cluster-ipam/allocator/testing";
import {
  API_PATH,
  BLOCK_RESOURCE,
  type IPLeaseSpec,
  type IPPool,
  LEASE_RESOURCE,
  POOL_RESOURCE,
} from "@cluster-ipam/api";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { callPlugin } from "./src/cni-call.ts";
import { createPod, deletePod, listEvents } from "./src/core-objects.ts";
import { addCall, delCall, resultOf } from "./src/ipam-calls.ts";
import { LocalController } from "./src/local-controller.ts";
import { createNode, deleteNode, replaceNode, taintOutOfService } from "./src/node-objects.ts";
import { addressesOf, type NetworkConfig } from "./src/pod-sandbox.ts";
import { SimulatedCluster } from "./src/simulated-cluster.ts";
import { listBlocks } from "./src/stored-blocks.ts";
import { createPool, deletePool, leasedAddresses, listLeases, listPools, removeLeases } from "./src/stored-objects.ts";
import { waitFor } from "./src/waiting.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const ABSENT_MS = 5 * MINUTE_MS;
/** A machine that has much else to do. */
const SOON_MS = 30_000;

describe("what lost nodes and unused networks leave behind", () => {
  let cluster: SimulatedCluster;
  let controller: LocalController | undefined;
  let nodes = 0;

  beforeAll(async () => {
    cluster = await SimulatedCluster.start({ nodes: ["n1", "n2"] });
    await cluster.startAgents();
  });
  afterAll(() => cluster.close());
  afterEach(async () => {
    await controller?.close();
    await removeLeases(cluster.controlPlane);
  });

  async function start(settings: Parameters<typeof LocalController.start>[2] = {}): Promise<LocalController> {
    controller = await LocalController.start(cluster.run, cluster.controlPlane, settings);
    return controller;
  }

  /** A node that no other test has. */
  async function node(state: Parameters<typeof createNode>[2] = { isReady: true }): Promise<string> {
    const name = `machine-${(nodes += 1)}`;
    await createNode(cluster.controlPlane, name, state);
    return name;
  }

  /** A lease of a pod that is gone, unless `spec` says more. */
  async function lease(address: string, ofNode: string, spec: Partial<IPLeaseSpec> = {}): Promise<void> {
    const pod = { namespace: "default", name: "gone-0", uid: "0c5e9a52-0d5e-4c53-9f0e-2f4f7d3c1b10" };
    const draft = attachedLease(address, { node: ofNode, pod, holder: "default/gone-0/net1", ...spec });
    await cluster.controlPlane.api.ensure(`${API_PATH}/${LEASE_RESOURCE}`, JSON.stringify(draft));
  }

  /** @returns what the pool's condition GarbageHeld says when it has that status */
  async function untilHeld(pool: string, status: string): Promise<string> {
    const look = async (): Promise<string | undefined> => {
      const { status: said } = (await cluster.controlPlane.api.get(`${API_PATH}/${POOL_RESOURCE}/${pool}`)) as IPPool;
      const condition = said?.conditions?.find(({ type }) => type === "GarbageHeld");
      return condition?.status === status ? condition.message : undefined;
    };
    return waitFor(look, { what: `GarbageHeld=${status} of ${pool}`, timeoutMs: SOON_MS });
  }

  function leased(): Promise<readonly string[]> {
    return leasedAddresses(cluster.controlPlane);
  }

  it("S15: the leases of a deleted node go after five minutes, IPv4 and IPv6, with events, and not before", async () => {
    const lost = await node();
    await lease("10.60.0.5", lost);
    await lease("fd00:60::5", lost);
    const local = await start();
    await deleteNode(cluster.controlPlane, lost);
    await local.roundAfter(0);
    await local.roundAfter(MINUTE_MS);
    expect(await leased()).toEqual(["10.60.0.5", "fd00:60::5"]);
    await local.roundsUntil(ABSENT_MS, async () => (await leased()).length === 0);
    const notes = (await listEvents(cluster.controlPlane, "controller"))
      .filter(({ reason }) => reason === "LostNodeLeaseReleased")
      .map(({ note, regarding }) => `${regarding.kind}: ${note}`);
    const why = `node ${lost} does not exist, for 5 minutes at least, and its pod default/gone-0 is gone`;
    expect(notes.toSorted()).toEqual([
      `IPLease: 10.60.0.5 was given back: ${why}`,
      `IPLease: fd00:60::5 was given back: ${why}`,
    ]);
    expect(await local.metric("garbage_total", 'kind="lease",reason="node-absent",mode="on"')).toBe(2);
  });

  it("the leases of a node that is NotReady go at once when it is tainted out of service, and not before", async () => {
    const lost = await node({ isReady: false });
    await lease("10.60.0.5", lost);
    await lease("fd00:60::5", lost);
    const local = await start();
    await local.roundAfter(2 * ABSENT_MS);
    expect(await leased()).toHaveLength(2);
    await taintOutOfService(cluster.controlPlane, lost);
    await local.roundsUntil(0, async () => (await leased()).length === 0);
    expect(await local.metric("garbage_total", 'reason="node-out-of-service"')).toBe(2);
  });

  it("leases stay of nodes that are Ready, tainted or not, or NotReady alone, and of pods that are still there", async () => {
    const { controlPlane } = cluster;
    const [ready, tainted, notReady, gone] = [
      await node(),
      await node({ isReady: true, isOutOfService: true }),
      await node({ isReady: false }),
      await node(),
    ];
    const pod = await createPod(controlPlane, gone, { namespace: "default", name: "stuck-0" });
    await lease("10.60.0.1", ready);
    await lease("fd00:60::1", ready);
    await lease("10.60.0.2", tainted);
    await lease("10.60.0.3", notReady);
    await lease("fd00:60::3", notReady);
    await lease("10.60.0.4", gone, { pod, holder: "default/stuck-0/net1" });
    await lease("10.60.0.5", gone);
    await lease("10.60.0.6", gone, { pod: { ...pod, uid: "another" }, holder: "default/stuck-0/net1" });
    const stay = ["10.60.0.1", "10.60.0.2", "10.60.0.3", "10.60.0.4", "fd00:60::1", "fd00:60::3"];
    const local = await start();
    await deleteNode(controlPlane, gone);
    await local.roundsUntil(ABSENT_MS, async () => (await leased()).length === stay.length);
    await local.roundAfter(ABSENT_MS);
    expect(await leased()).toEqual(stay);
    await deletePod(controlPlane, pod);
    await local.roundAfter(0);
    expect(await leased()).toEqual(stay.filter((address) => address !== "10.60.0.4"));
  });

  it("a lease stays whose node is back within five minutes", async () => {
    const back = await node();
    const sentinel = await node();
    await lease("10.60.0.5", back);
    await lease("10.60.0.6", sentinel);
    const local = await start();
    await deleteNode(cluster.controlPlane, back);
    await local.roundAfter(0);
    await local.roundAfter(MINUTE_MS);
    await createNode(cluster.controlPlane, back, { isReady: true });
    await deleteNode(cluster.controlPlane, sentinel);
    await local.roundsUntil(ABSENT_MS, async () => !(await leased()).includes("10.60.0.6"));
    expect(await leased()).toEqual(["10.60.0.5"]);
  });

  it("a lease stays whose node comes back, be it for a moment between two looks", async () => {
    const { controlPlane } = cluster;
    const flapping = await node();
    await createPool(controlPlane, "pods", { ranges: [], source: "NodePodCIDR" });
    await lease("10.60.0.5", flapping);
    const local = await start();
    // Only from what the pool says is it known what the controller has seen.
    const untilCapacity = async (capacity: string): Promise<void> => {
      const isMet = async (): Promise<true | undefined> => {
        const { status } = (await controlPlane.api.get(`${API_PATH}/${POOL_RESOURCE}/pods`)) as IPPool;
        return status?.capacity === capacity ? true : undefined;
      };
      await waitFor(isMet, { what: "the controller to see the node come or go", timeoutMs: SOON_MS });
    };
    for (let flap = 0; flap < 2; flap += 1) {
      await replaceNode(controlPlane, flapping, ["10.66.0.0/24"]);
      await untilCapacity("253");
      await deleteNode(controlPlane, flapping);
      await untilCapacity("0");
      await local.roundAfter(0);
      await local.roundAfter(3 * MINUTE_MS);
    }
    expect(await leased()).toEqual(["10.60.0.5"]);
    await deletePool(controlPlane, "pods");
  });

  it("a dry run tells once what would go, and writes nothing", async () => {
    const lost = await node({ isReady: false, isOutOfService: true });
    await lease("10.60.0.5", lost);
    const block = blockOf("10.61.0.0/28", { node: lost });
    await cluster.controlPlane.api.ensure(`${API_PATH}/${BLOCK_RESOURCE}`, JSON.stringify(block));
    const before = (await listEvents(cluster.controlPlane, "controller")).length;
    const local = await start({ mode: "dry-run" });
    for (let round = 0; round < 3; round += 1) await local.roundAfter(0);
    expect(await leased()).toEqual(["10.60.0.5"]);
    expect(await local.metric("garbage_total", 'kind="lease",reason="node-out-of-service",mode="dry-run"')).toBe(1);
    expect(await local.metric("garbage_total", 'kind="block",reason="node-out-of-service",mode="dry-run"')).toBe(1);
    expect(await local.metric("garbage_total", 'mode="on"')).toBe(0);
    expect(await listBlocks(cluster.controlPlane)).toHaveLength(1);
    expect(await listEvents(cluster.controlPlane, "controller")).toHaveLength(before);
    await local.close();
    // The same controller, let loose: both were garbage.
    const loose = await start();
    await loose.roundsUntil(0, async () => (await listBlocks(cluster.controlPlane)).length === 0);
    expect(await leased()).toEqual([]);
  });

  it("above 100 leases nothing goes when too much would, and all does where an operator allows it", async () => {
    const [lost, ready] = [await node({ isReady: false, isOutOfService: true }), await node()];
    await createPool(cluster.controlPlane, "braked", { ranges: [{ subnet: "10.62.0.0/24" }] });
    await createPool(cluster.controlPlane, "unbraked", { ranges: [{ subnet: "10.62.1.0/24" }] });
    const made = Array.from({ length: 101 }, (_, index) =>
      lease(`10.62.0.${index + 1}`, index < 31 ? lost : ready, { pool: "braked" }),
    );
    await Promise.all(made);
    const local = await start();
    await local.roundAfter(ABSENT_MS);
    expect(await leased()).toHaveLength(101);
    expect(await local.metric("garbage_braked")).toBe(1);
    const told = await untilHeld("braked", "True");
    expect(told).toContain(
      `31 of its leases are not given back, though their nodes are taken for lost (${lost}): 31 of`,
    );
    expect(told).toContain("--garbage-max-percent=31");
    await untilHeld("unbraked", "False");
    await local.roundAfter(0);
    const events = await listEvents(cluster.controlPlane, "controller");
    expect(events.map(({ reason, regarding }) => `${reason} ${regarding.name}`)).toContain("GarbageHeld braked");
    expect(events.find(({ reason }) => reason === "GarbageBraked")).toMatchObject({
      type: "Warning",
      regarding: { kind: "Node", name: lost },
      note: expect.stringContaining("31 of all 101 would go at once"),
    });
    await local.close();
    const allowed = await start({ maxPercent: 31 });
    await allowed.roundsUntil(0, async () => (await leased()).length === 70);
    expect(await allowed.metric("garbage_braked")).toBe(0);
    await untilHeld("braked", "False");
  });

  it("a block of a lost node goes when no lease is in it, and not before", async () => {
    const lost = await node({ isReady: false, isOutOfService: true });
    const prefixes = ["10.61.0.0/28", "10.61.0.16/28", "fd00:61::/124"];
    for (const prefix of prefixes) {
      const block = blockOf(prefix, { node: lost });
      await cluster.controlPlane.api.ensure(`${API_PATH}/${BLOCK_RESOURCE}`, JSON.stringify(block));
    }
    const living = blockOf("10.61.0.32/28", { node: "n1" });
    await cluster.controlPlane.api.ensure(`${API_PATH}/${BLOCK_RESOURCE}`, JSON.stringify(living));
    await lease("10.61.0.17", "n1", { pool: "lab" });
    const left = async (): Promise<readonly string[]> =>
      (await listBlocks(cluster.controlPlane)).map(({ spec }) => spec.prefix).toSorted();
    const local = await start();
    await local.roundsUntil(0, async () => (await left()).length === 2);
    expect(await left()).toEqual(["10.61.0.16/28", "10.61.0.32/28"]);
    await removeLeases(cluster.controlPlane);
    await local.roundsUntil(0, async () => (await left()).length === 1);
    expect(await left()).toEqual(["10.61.0.32/28"]);
    await cluster.controlPlane.api.send({ method: "DELETE", path: `${API_PATH}/${BLOCK_RESOURCE}/10.61.0.32-28` });
  });

  it("S7: the retained address of a lost node is kept, and its pod has it again on another node", async () => {
    const { controlPlane } = cluster;
    const retain = { policy: "StatefulSet", seconds: 24 * 3_600 } as const;
    await createPool(controlPlane, "kept", { ranges: [{ subnet: "10.63.0.0/24" }], retain });
    const config: NetworkConfig = {
      cniVersion: "1.0.0",
      name: "kept",
      type: "macvlan",
      master: "eth1",
      ipam: { type: "cluster-ipam" },
    };
    const local = await start();
    const add = addCall("web-0", config);
    const attached = async (on: string, call = add): Promise<readonly string[] | undefined> => {
      const outcome = await callPlugin(cluster.node(on).socketPath, call);
      return outcome.kind === "success" ? addressesOf(resultOf(outcome)) : undefined;
    };
    // The agent may have read the pool before the controller did.
    const what = "the agent to see the pool Ready";
    const before = await waitFor(() => attached("n1"), { what, timeoutMs: SOON_MS });
    await createNode(controlPlane, "n1", { isReady: false, isOutOfService: true });
    const isKept = async (): Promise<boolean> => (await listLeases(controlPlane)).every(({ spec }) => spec.node === "");
    await local.roundsUntil(0, isKept);
    expect((await listLeases(controlPlane)).map(({ spec }) => spec)).toMatchObject([
      { address: before[0], containerID: "", holder: "default/web-0/net1", keepSeconds: 24 * 3_600 },
    ]);
    const again = { ...add, containerId: `${add.containerId?.slice(0, 60)}-two` };
    expect(await waitFor(() => attached("n2", again), { what, timeoutMs: SOON_MS })).toEqual(before);
    resultOf(await callPlugin(cluster.node("n2").socketPath, delCall(again)));
  });

  it("an inline pool without a lease is removed, one with a lease stays, and an ADD that comes just then succeeds", async () => {
    const { controlPlane } = cluster;
    const network = (name: string, subnet: string): NetworkConfig => {
      const ipam = { type: "cluster-ipam", ranges: [[{ subnet }]] };
      return { cniVersion: "1.0.0", name, type: "macvlan", master: "eth1", ipam };
    };
    const idle = addCall("idle", network("idle", "10.64.0.0/24"));
    const used = addCall("used", network("used", "10.65.0.0/24"));
    const { socketPath } = cluster.node("n2");
    for (const call of [idle, used]) resultOf(await callPlugin(socketPath, call));
    resultOf(await callPlugin(socketPath, delCall(idle)));
    const pools = async (prefix: string): Promise<number> =>
      (await listPools(controlPlane)).filter((name) => name.startsWith(prefix)).length;
    const local = await start({ inlinePoolIdleMs: HOUR_MS });
    await local.roundAfter(HOUR_MS / 2);
    expect(await pools("idle-")).toBe(1);
    await local.roundsUntil(HOUR_MS, async () => (await pools("idle-")) === 0);
    expect(await pools("used-")).toBe(1);
    expect(await local.metric("garbage_total", 'kind="inline-pool",reason="idle",mode="on"')).toBe(1);
    // The agent may still remember the pool; another one never knew it.
    resultOf(await callPlugin(socketPath, idle));
    const other = addCall("other", network("idle", "10.64.0.0/24"));
    resultOf(await callPlugin(cluster.node("n1").socketPath, other));
    expect(await pools("idle-")).toBe(1);
    for (const call of [idle, used]) resultOf(await callPlugin(socketPath, delCall(call)));
    resultOf(await callPlugin(cluster.node("n1").socketPath, delCall(other)));
  });
});
