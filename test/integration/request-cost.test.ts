import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callAgent, callPlugin } from "./src/cni-call.ts";
import { addCall, delCall, resultOf } from "./src/ipam-calls.ts";
import { countRequests, type RequestTotal, requestsBetween } from "./src/request-metrics.ts";
import { SimulatedCluster } from "./src/simulated-cluster.ts";
import type { SimulatedNode } from "./src/simulated-node.ts";
import { createPool } from "./src/stored-objects.ts";
import { waitFor } from "./src/waiting.ts";

const BUSY = { cniVersion: "1.0.0", name: "busy", type: "macvlan", ipam: { type: "cluster-ipam" } };
const INLINE = { ...BUSY, name: "inline", ipam: { type: "cluster-ipam", subnet: "10.41.0.0/16" } };

/** Few enough for a /16 that none of these pods meets another: who tries which address follows from the names. */
const CALLS = 20;
/** Longer than the time between two refreshes of a pool in use. */
const IDLE_MS = 6_000;

/** Requests for our resources by verb and resource, such as `POST ipleases`. */
type Cost = Readonly<Record<string, number>>;

describe("what a call costs the API server, by the server's own count", () => {
  let cluster: SimulatedCluster;
  let node: SimulatedNode;

  beforeAll(async () => {
    cluster = await SimulatedCluster.start({ nodes: ["n1"] });
    node = cluster.node("n1");
    await createPool(cluster.controlPlane, "busy", { ranges: [{ subnet: "10.40.0.0/16" }] });
  });
  afterAll(() => cluster.close());

  it("the start of an agent is one list of its leases, and an agent without work asks nothing", async () => {
    const before = await cluster.controlPlane.requestTotals();
    await node.startAgent();
    expect(await costOnce(before, { "LIST ipleases": 1 })).toEqual({ "LIST ipleases": 1 });

    const started = await cluster.controlPlane.requestTotals();
    await delay(IDLE_MS);
    expect(costBetween(started, await cluster.controlPlane.requestTotals())).toEqual({});
  });

  it.each([
    { how: "the socket", names: "socket", ask: callAgent },
    { how: "the plugin", names: "plugin", ask: callPlugin },
  ])("an ADD through $how is one write and no read of a lease, a DEL one write", async ({ names, ask }) => {
    const warm = addCall(`warm-${names}`, BUSY);
    resultOf(await ask(node.socketPath, warm));
    const calls = Array.from({ length: CALLS }, (_, index) => addCall(`${names}-${index}`, BUSY));

    const atFirst = await cluster.controlPlane.requestTotals();
    for (const call of calls) resultOf(await ask(node.socketPath, call));
    const added = await costOnce(atFirst, { "POST ipleases": CALLS });
    expect(withoutRefreshes(added)).toEqual({ "POST ipleases": CALLS });

    const afterAdds = await cluster.controlPlane.requestTotals();
    for (const call of calls) resultOf(await ask(node.socketPath, delCall(call)));
    const deleted = await costOnce(afterAdds, { "DELETE ipleases": CALLS });
    expect(withoutRefreshes(deleted)).toEqual({ "DELETE ipleases": CALLS });
    resultOf(await ask(node.socketPath, delCall(warm)));
  });

  it("at once they cost no more than one after the other", async () => {
    const calls = Array.from({ length: CALLS }, (_, index) => addCall(`burst-${index}`, BUSY));
    const before = await cluster.controlPlane.requestTotals();
    await Promise.all(calls.map(async (call) => resultOf(await callAgent(node.socketPath, call))));
    expect(withoutRefreshes(await costOnce(before, { "POST ipleases": CALLS }))).toEqual({ "POST ipleases": CALLS });
    await Promise.all(calls.map(async (call) => resultOf(await callAgent(node.socketPath, delCall(call)))));
  });

  it("inline ranges cost one pool for the first ADD, and nothing for the next", async () => {
    const first = addCall("inline", INLINE);
    const calls = Array.from({ length: CALLS }, (_, index) => addCall(`inline-${index}`, INLINE));
    const before = await cluster.controlPlane.requestTotals();
    resultOf(await callAgent(node.socketPath, first));
    const cold = withoutRefreshes(await costOnce(before, { "POST ipleases": 1 }));
    expect(cold).toEqual({ "POST ippools": 1, "POST ipleases": 1 });

    const known = await cluster.controlPlane.requestTotals();
    for (const call of calls) resultOf(await callAgent(node.socketPath, call));
    const warm = withoutRefreshes(await costOnce(known, { "POST ipleases": CALLS }));
    expect(warm).toEqual({ "POST ipleases": CALLS });
    for (const call of [first, ...calls]) resultOf(await callAgent(node.socketPath, delCall(call)));
  });

  it("a repeated DEL costs nothing, one of an unknown attachment a list", async () => {
    const call = addCall("released", BUSY);
    resultOf(await callAgent(node.socketPath, call));
    resultOf(await callAgent(node.socketPath, delCall(call)));
    const before = await cluster.controlPlane.requestTotals();
    resultOf(await callAgent(node.socketPath, delCall(call)));
    resultOf(await callAgent(node.socketPath, delCall(addCall("never-was", BUSY))));
    const cost = withoutRefreshes(await costOnce(before, { "LIST ipleases": 1 }));
    expect(cost).toEqual({ "LIST ipleases": 1 });
  });

  it("an agent whose work is done reads its pools again for a while, and no lease", async () => {
    const before = await cluster.controlPlane.requestTotals();
    await delay(IDLE_MS);
    const cost = costBetween(before, await cluster.controlPlane.requestTotals());
    expect(cost).toHaveProperty("GET ippools");
    expect(withoutRefreshes(cost)).toEqual({});
  });

  /** What has been asked since, once the server has counted what must come: it counts after it has answered. */
  async function costOnce(before: readonly RequestTotal[], expected: Cost): Promise<Cost> {
    const isCounted = async (): Promise<Cost | undefined> => {
      const cost = costBetween(before, await cluster.controlPlane.requestTotals());
      return Object.entries(expected).every(([key, count]) => (cost[key] ?? 0) >= count) ? cost : undefined;
    };
    return await waitFor(isCounted, { what: JSON.stringify(expected), timeoutMs: 5_000 });
  }
});

function costBetween(before: readonly RequestTotal[], after: readonly RequestTotal[]): Cost {
  const asked = requestsBetween(before, after).filter(({ resource }) => ["ipleases", "ippools"].includes(resource));
  return Object.fromEntries(
    asked.map(({ verb, resource }) => [`${verb} ${resource}`, countRequests(asked, { verb, resource })]),
  );
}

/**
 * Less the reads of pools: those in use are read again every few seconds, however many calls there are. One read a call
 * would be more than what is let through here.
 */
function withoutRefreshes(cost: Cost): Cost {
  const isRefresh = (key: string): boolean => key === "GET ippools" || key === "LIST ippools";
  const refreshes = Object.entries(cost).filter(([key]) => isRefresh(key));
  for (const [key, count] of refreshes) expect(count, key).toBeLessThan(CALLS / 2);
  return Object.fromEntries(Object.entries(cost).filter(([key]) => !isRefresh(key)));
}
