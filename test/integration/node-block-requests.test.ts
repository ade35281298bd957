import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callAgent } from "./src/cni-call.ts";
import { addCall, delCall, resultOf } from "./src/ipam-calls.ts";
import { addressesOf } from "./src/pod-sandbox.ts";
import { countRequests, type RequestTotal, requestsBetween } from "./src/request-metrics.ts";
import { SimulatedCluster } from "./src/simulated-cluster.ts";
import { blockNodes } from "./src/stored-blocks.ts";
import { createPool, leasedAddresses } from "./src/stored-objects.ts";
import { waitFor } from "./src/waiting.ts";

const PARALLEL = 64;
/** So many that the last of them are in a block of their own. */
const CALLS = 20;

function networkOf(name: string): Readonly<Record<string, unknown>> {
  return { cniVersion: "1.0.0", name, type: "macvlan", ipam: { type: "cluster-ipam" } };
}

/** Requests by verb and resource, those of pools left out. */
type Cost = Readonly<Record<string, number>>;

function costBetween(before: readonly RequestTotal[], after: readonly RequestTotal[]): Cost {
  const asked = requestsBetween(before, after).filter(({ resource }) => ["ipleases", "ipblocks"].includes(resource));
  return Object.fromEntries(
    asked.map(({ verb, resource }) => [`${verb} ${resource}`, countRequests(asked, { verb, resource })]),
  );
}

describe("what blocks cost the API server, by the server's own count", () => {
  let cluster: SimulatedCluster;

  beforeAll(async () => {
    cluster = await SimulatedCluster.start();
    const nodeBlocks = { prefixLength: 26 };
    await createPool(cluster.controlPlane, "one", { ranges: [{ subnet: "10.81.0.0/22" }], nodeBlocks });
    await createPool(cluster.controlPlane, "many", { ranges: [{ subnet: "10.82.0.0/22" }], nodeBlocks });
    const strategy = "Sequential";
    await createPool(cluster.controlPlane, "lowest", { ranges: [{ subnet: "10.83.0.0/22" }], nodeBlocks, strategy });
    await cluster.startAgents();
  });
  afterAll(() => cluster.close());

  /** What has been asked since, once the server has counted what must come: it counts after it has answered. */
  async function costOnce(before: readonly RequestTotal[], expected: Cost): Promise<Cost> {
    const isCounted = async (): Promise<Cost | undefined> => {
      const cost = costBetween(before, await cluster.controlPlane.requestTotals());
      return Object.entries(expected).every(([key, count]) => (cost[key] ?? 0) >= count) ? cost : undefined;
    };
    return await waitFor(isCounted, { what: JSON.stringify(expected), timeoutMs: 5_000 });
  }

  it("a node's first ADD is two lists and two writes: its blocks, the pool's, the claim and the lease", async () => {
    const { socketPath } = cluster.node("n1");
    const expected = { "LIST ipblocks": 2, "POST ipblocks": 1, "POST ipleases": 1 };
    const before = await cluster.controlPlane.requestTotals();
    resultOf(await callAgent(socketPath, addCall("first", networkOf("one"))));
    expect(await costOnce(before, expected)).toEqual(expected);
  });

  it("an ADD inside the node's block is one write, a DEL one write, as without blocks", async () => {
    const { socketPath } = cluster.node("n1");
    const calls = Array.from({ length: CALLS }, (_, index) => addCall(`next-${index}`, networkOf("one")));
    const before = await cluster.controlPlane.requestTotals();
    for (const call of calls) resultOf(await callAgent(socketPath, call));
    expect(await costOnce(before, { "POST ipleases": CALLS })).toEqual({ "POST ipleases": CALLS });

    const added = await cluster.controlPlane.requestTotals();
    for (const call of calls) resultOf(await callAgent(socketPath, delCall(call)));
    expect(await costOnce(added, { "DELETE ipleases": CALLS })).toEqual({ "DELETE ipleases": CALLS });
  });

  it.each(["many", "lowest"])(
    "three agents with 64 ADDs at once each see no conflict at all (pool %s)",
    async (pool) => {
      const before = await cluster.controlPlane.requestTotals();
      const calls = cluster.nodes.flatMap((node) =>
        Array.from({ length: PARALLEL }, (_, index) => ({
          node,
          call: addCall(`${pool}-${node.name}-${index}`, networkOf(pool)),
        })),
      );
      const outcomes = await Promise.all(calls.map(({ node, call }) => callAgent(node.socketPath, call)));
      const addresses = outcomes.flatMap((outcome) => addressesOf(resultOf(outcome)));
      expect(new Set(addresses).size).toBe(calls.length);

      const cost = await costOnce(before, { "POST ipleases": calls.length });
      const asked = requestsBetween(before, await cluster.controlPlane.requestTotals());
      expect(countRequests(asked, { verb: "POST", resource: "ipleases", code: "409" })).toBe(0);
      expect(cost).toMatchObject({ "POST ipleases": calls.length });
      expect(cost).not.toHaveProperty("LIST ipleases");
      expect(cost).not.toHaveProperty("GET ipleases");
      // The block with the network address has 63 open ones, so that whoever has it needs another.
      const nodes = await blockNodes(cluster.controlPlane, pool);
      expect(new Set(nodes)).toEqual(new Set(["n1", "n2", "n3"]));
      expect(cost["POST ipblocks"]).toBeLessThanOrEqual(2 * nodes.length);

      await Promise.all(calls.map(async ({ node, call }) => resultOf(await callAgent(node.socketPath, delCall(call)))));
      expect(await leasedAddresses(cluster.controlPlane)).not.toContain(addresses[0]);
    },
  );
});
