import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CniCall, type CniOutcome, callAgent } from "./src/cni-call.ts";
import { addCall, delCall, errorOf, resultOf } from "./src/ipam-calls.ts";
import { kubectl } from "./src/kubectl.ts";
import { addressesOf } from "./src/pod-sandbox.ts";
import { SimulatedCluster } from "./src/simulated-cluster.ts";
import { blockNodes, deleteBlock, listBlocks, nodeOfAddress } from "./src/stored-blocks.ts";
import { createPool, leasedAddresses } from "./src/stored-objects.ts";

const NETWORK = { cniVersion: "1.0.0", name: "lab", type: "macvlan", ipam: { type: "cluster-ipam" } };
const SUBNET = "10.80.0.0/27";
const CAPACITY = 29;

describe("S9: a pool of four blocks of eight addresses, and three nodes", () => {
  let cluster: SimulatedCluster;
  const calls: { readonly node: string; readonly call: CniCall; readonly address: string }[] = [];

  beforeAll(async () => {
    cluster = await SimulatedCluster.start({ isGuarded: true });
    const gateway = "10.80.0.1";
    await createPool(cluster.controlPlane, "lab", {
      ranges: [{ subnet: SUBNET, gateway }],
      nodeBlocks: { prefixLength: 29 },
    });
    await cluster.startAgents();
  });
  afterAll(() => cluster.close());

  function ask(node: string, call: CniCall): Promise<CniOutcome> {
    return callAgent(cluster.node(node).socketPath, call);
  }

  async function add(node: string, pod: string, config: CniCall["config"] = NETWORK): Promise<string> {
    const call = addCall(pod, config);
    const [address = ""] = addressesOf(resultOf(await ask(node, call)));
    calls.push({ node, call, address });
    return address;
  }

  /** Adds pods until the node is full. @returns the error that it answers then */
  async function fill(node: string, prefix: string): Promise<string> {
    for (let number = 0; number <= CAPACITY; number += 1) {
      const call = addCall(`${node}-${prefix}-${number}`, NETWORK);
      const outcome = await ask(node, call);
      if (outcome.kind === "failure") return `${outcome.error.code}: ${outcome.error.msg}`;
      calls.push({ node, call, address: addressesOf(resultOf(outcome))[0] ?? "" });
    }
    throw new Error(`${node} has more addresses than the pool`);
  }

  /** The nodes of the blocks that hold these addresses. */
  async function nodesOf(addresses: readonly string[]): Promise<readonly (string | undefined)[]> {
    const blocks = await listBlocks(cluster.controlPlane);
    return addresses.map((address) => nodeOfAddress(blocks, "lab", address));
  }

  it("S9: each node takes addresses of a block of its own", async () => {
    for (const node of ["n1", "n2", "n3"]) {
      const addresses = await Promise.all([1, 2, 3, 4, 5].map((number) => add(node, `${node}-${number}`)));
      expect(new Set(await nodesOf(addresses))).toEqual(new Set([node]));
    }
    expect(await blockNodes(cluster.controlPlane, "lab")).toEqual(["n1", "n2", "n3"]);
  });

  it("S9: kubectl shows which node has which block", async () => {
    const { stdout } = await kubectl(cluster.run, cluster.controlPlane, ["get", "ipblocks"]);
    expect(stdout).toMatch(/^NAME +PREFIX +POOL +NODE +AGE\n/);
    expect(stdout).toMatch(/^10\.80\.0\.\d+-29 +10\.80\.0\.\d+\/29 +lab +n1 +\d+s$/m);
  });

  it("S9: a node whose block is full claims another one", async () => {
    const addresses = await Promise.all([6, 7, 8, 9].map((number) => add("n1", `n1-${number}`)));
    expect(new Set(await nodesOf(addresses))).toEqual(new Set(["n1"]));
    expect(await blockNodes(cluster.controlPlane, "lab")).toEqual(["n1", "n1", "n2", "n3"]);
  });

  it("S16: with no block left it is told pool, use, capacity and blocks, and other nodes still have room", async () => {
    const full = await fill("n1", "more");
    const range = `10.80.0.0-10.80.0.31 of ${SUBNET}`;
    expect(full).toMatch(
      /^101: pool lab is full: (\d+) used of a capacity of \1 in the 2 blocks of this node, and all 4 blocks of the pool are claimed \(/,
    );
    expect(full).toContain(`(${range})`);
    expect(await nodesOf([await add("n2", "n2-9")])).toEqual(["n2"]);
  });

  it("S9: an address that a pod asks for is its own, also in another node's block", async () => {
    const blocks = await listBlocks(cluster.controlPlane);
    const leased = await leasedAddresses(cluster.controlPlane);
    const free = Array.from({ length: 32 }, (_, last) => `10.80.0.${last}`).find(
      (address) =>
        nodeOfAddress(blocks, "lab", address) === "n3" && !leased.includes(address) && !/\.(0|1|31)$/.test(address),
    );
    expect(await add("n1", "fixed", { ...NETWORK, runtimeConfig: { ips: [free] } })).toBe(free);
  });

  it("S9: an agent that was killed goes on in the blocks that its node has", async () => {
    const before = await blockNodes(cluster.controlPlane, "lab");
    await cluster.node("n3").agent.kill();
    await cluster.node("n3").startAgent();
    expect(await nodesOf([await add("n3", "n3-again")])).toEqual(["n3"]);
    expect(await blockNodes(cluster.controlPlane, "lab")).toEqual(before);
  });

  it("S9: no address has been given twice, and after a DEL by every caller none is left", async () => {
    const addresses = calls.map(({ address }) => address);
    expect(new Set(addresses).size).toBe(addresses.length);
    expect(await leasedAddresses(cluster.controlPlane)).toEqual(addresses.toSorted());
    for (const { node, call } of calls) resultOf(await ask(node, delCall(call)));
    expect(await leasedAddresses(cluster.controlPlane)).toEqual([]);
  });

  it("S9: a block that a hand deletes goes to the next node that needs one, and its old node finds out", async () => {
    calls.length = 0;
    const [block] = (await listBlocks(cluster.controlPlane)).filter(({ spec }) => spec.node === "n2");
    await deleteBlock(cluster.controlPlane, block?.metadata.name ?? "");
    await fill("n3", "later");
    expect(await blockNodes(cluster.controlPlane, "lab")).toEqual(["n1", "n1", "n3", "n3"]);
    const { code, msg } = errorOf(await ask("n2", addCall("n2-later", NETWORK)));
    expect([code, msg]).toEqual([101, expect.stringContaining("pool lab has no block for this node")]);
    const addresses = calls.map(({ address }) => address);
    expect(new Set(addresses).size).toBe(addresses.length);
  });
});
