import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CniCall, type CniOutcome, callAgent } from "./src/cni-call.ts";
import { addCall, delCall, errorOf, resultOf } from "./src/ipam-calls.ts";
import { addressesOf } from "./src/pod-sandbox.ts";
import { SimulatedCluster } from "./src/simulated-cluster.ts";
import type { SimulatedNode } from "./src/simulated-node.ts";
import { createLease, createPool, leasedAddresses, listLeases } from "./src/stored-objects.ts";

/** Others' leases: more than an agent reads on one page of a list. */
const TAKEN = 5_100;
/** What they leave of their pool, scattered over it: one address in a hundred and more. */
const FREE = 60;
const POOL = firstAddresses(TAKEN + FREE);
const PARALLEL = 32;
const NETWORK = { cniVersion: "1.0.0", name: "crowd", type: "macvlan", ipam: { type: "cluster-ipam" } };

describe("a cluster with thousands of leases", () => {
  let cluster: SimulatedCluster;
  let n1: SimulatedNode;
  let n2: SimulatedNode;
  const free = new Set(POOL.filter((_, index) => index % (POOL.length / FREE) === 7));
  const calls = Array.from({ length: FREE }, (_, index) => addCall(`crowd-${index}`, NETWORK));

  beforeAll(async () => {
    cluster = await SimulatedCluster.start({ nodes: ["n1", "n2"] });
    [n1, n2] = [cluster.node("n1"), cluster.node("n2")];
    const [start = "", end = ""] = [POOL.at(0), POOL.at(-1)];
    const ranges = [{ subnet: "10.80.0.0/19", start, end }];
    await createPool(cluster.controlPlane, "crowd", { ranges });
    await createMany(POOL.filter((address) => !free.has(address)));
    await cluster.startAgents();
  });
  afterAll(() => cluster.close());

  it("the free addresses of a crowded pool are found, each by one, from two nodes at once", async () => {
    const outcomes = await Promise.all(calls.map((call, index) => callAgent(nodeOf(index).socketPath, call)));
    const given = outcomes.flatMap((outcome) => addressesOf(resultOf(outcome)));
    expect(given.toSorted()).toEqual([...free].toSorted());
  });

  it("one more is told so, with figures from the whole list", async () => {
    const { code, msg } = errorOf(await callAgent(n1.socketPath, addCall("crowd-late", NETWORK)));
    expect(code).toBe(101);
    expect(msg).toContain(`${POOL.length} used of a capacity of ${POOL.length}`);
  });

  it("an agent that is started anew knows its own leases among all, and gives the same answers", async () => {
    await n1.agent.kill();
    await n1.startAgent();
    const own = calls.filter((_, index) => nodeOf(index) === n1);
    const before = (await listLeases(cluster.controlPlane)).filter(({ spec }) => spec.node === "n1");
    expect(before).toHaveLength(own.length);
    for (const call of own.slice(0, 5)) {
      const [address] = addressesOf(resultOf(await callAgent(n1.socketPath, call)));
      const lease = before.find(({ spec }) => spec.containerID === call.containerId);
      expect(address).toBe(lease?.spec.address);
    }
  });

  it("what is released is there for the next, and nobody else's lease has gone", async () => {
    const [first] = calls;
    if (first === undefined) throw new Error("there are no calls");
    const next = addCall("crowd-late", NETWORK);
    resultOf(await callAgent(n1.socketPath, delCall(first)));
    const [address = ""] = addressesOf(resultOf(await callAgent(n2.socketPath, next)));
    expect(free).toContain(address);
    await Promise.all(
      [...calls, next].map((call, index) => release(call, index === calls.length ? n2 : nodeOf(index))),
    );
    const left = await leasedAddresses(cluster.controlPlane);
    expect(left).toHaveLength(TAKEN);
    expect(left.filter((each) => free.has(each))).toEqual([]);
  });

  function nodeOf(index: number): SimulatedNode {
    return index % 2 === 0 ? n1 : n2;
  }

  async function release(call: CniCall, node: SimulatedNode): Promise<CniOutcome> {
    const outcome = await callAgent(node.socketPath, delCall(call));
    resultOf(outcome);
    return outcome;
  }

  /** Creates the leases of pods that are on other nodes, some at a time. */
  async function createMany(addresses: readonly string[]): Promise<void> {
    const queue = addresses.entries();
    const work = async (): Promise<void> => {
      for (const [index, address] of queue) {
        const place = { pool: "crowd", network: "crowd", node: `node-${index % 50}` };
        const attachment = { containerID: `c${index}`, ifName: "net1" };
        await createLease(cluster.controlPlane, { address, prefixLength: 19, ...place, ...attachment });
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, work));
  }
});

/** The first addresses of 10.80.0.0/16, from .1 on. */
function firstAddresses(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `10.80.${(index + 1) >> 8}.${(index + 1) & 255}`);
}
