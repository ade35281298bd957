import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CniCall, callAgent, type Pod } from "./src/cni-call.ts";
import { addCall, delCall, resultOf } from "./src/ipam-calls.ts";
import { createOwnedPod } from "./src/owned-pods.ts";
import { countRequests, type RequestTotal, requestsBetween } from "./src/request-metrics.ts";
import { SimulatedCluster } from "./src/simulated-cluster.ts";
import type { SimulatedNode } from "./src/simulated-node.ts";
import { StandInController } from "./src/stand-in-controller.ts";
import { createPool } from "./src/stored-objects.ts";
import { waitFor } from "./src/waiting.ts";

const NETWORK = { cniVersion: "1.0.0", type: "macvlan", ipam: { type: "cluster-ipam" } };
const ALWAYS = { ...NETWORK, name: "always" };
const STATEFUL = { ...NETWORK, name: "stateful" };
const DUAL = { ...NETWORK, name: "dual" };
const COOLING = { ...NETWORK, name: "cooling" };

/** Requests by verb and resource, such as `POST ipleases`. */
type Cost = Readonly<Record<string, number>>;

describe("what calls cost in pools that keep addresses, by the server's own count", () => {
  let cluster: SimulatedCluster;
  let node: SimulatedNode;

  beforeAll(async () => {
    cluster = await SimulatedCluster.start({ nodes: ["n1"] });
    node = cluster.node("n1");
    const { controlPlane } = cluster;
    const controller = new StandInController(controlPlane);
    const seconds = 600;
    const ranges = [{ subnet: "10.54.0.0/16" }];
    await createPool(controlPlane, "always", { ranges, retain: { policy: "Always", seconds } });
    await createPool(controlPlane, "stateful", {
      ranges: [{ subnet: "10.55.0.0/16" }],
      retain: { policy: "StatefulSet", seconds },
    });
    await createPool(controlPlane, "dual", {
      ranges: [{ subnet: "10.56.0.0/16" }, { subnet: "fd56::/64" }],
      retain: { policy: "Always", seconds },
    });
    await createPool(controlPlane, "cooling", { ranges: [{ subnet: "10.57.0.0/16" }], coolDownSeconds: 30 });
    for (const pool of ["always", "stateful", "dual", "cooling"]) await controller.markReady(pool);
    await node.startAgent();
    for (const config of [ALWAYS, STATEFUL, DUAL, COOLING]) await cost(addCall("warm", config), {});
  });
  afterAll(() => cluster.close());

  /** What one call is answered after, once the server has counted what must come. */
  async function cost(call: CniCall, expected: Cost): Promise<Cost> {
    const before = await cluster.controlPlane.requestTotals();
    resultOf(await callAgent(node.socketPath, call));
    const isCounted = async (): Promise<Cost | undefined> => {
      const counted = costBetween(before, await cluster.controlPlane.requestTotals());
      return Object.entries(expected).every(([key, count]) => (counted[key] ?? 0) >= count) ? counted : undefined;
    };
    return await waitFor(isCounted, { what: JSON.stringify(expected), timeoutMs: 5_000 });
  }

  it.each([
    ["one family", ALWAYS, 1],
    ["two families", DUAL, 2],
  ] as const)(
    "with %s an ADD costs one list more, a DEL a PUT for each address, and the pod's next ADD a PUT",
    async (_, config, count) => {
      const first = addCall("web-0", config);
      const added = { "LIST ipleases": 1, "POST ipleases": count };
      expect(await cost(first, added)).toEqual(added);
      const released = { "PUT ipleases": count };
      expect(await cost(delCall(first), released)).toEqual(released);
      const second = addCall("web-0", config, { containerId: "second", pod: podOf(first, "u-2") });
      const retaken = { "LIST ipleases": 1, "PUT ipleases": count };
      expect(await cost(second, retaken)).toEqual(retaken);
    },
  );

  it("policy StatefulSet costs a DEL one read of the pod, and an ADD none", async () => {
    const pod = { node: "n1", namespace: "default", name: "db-0", controllerKind: "StatefulSet" };
    const call = addCall("db-0", STATEFUL, { pod: await createOwnedPod(cluster.controlPlane, pod) });
    const added = { "LIST ipleases": 1, "POST ipleases": 1 };
    expect(await cost(call, added)).toEqual(added);
    const released = { "GET pods": 1, "PUT ipleases": 1 };
    expect(await cost(delCall(call), released)).toEqual(released);
  });

  it("a cool-down costs an ADD nothing, and a DEL a PUT instead of the DELETE", async () => {
    const call = addCall("web-0", COOLING);
    expect(await cost(call, { "POST ipleases": 1 })).toEqual({ "POST ipleases": 1 });
    expect(await cost(delCall(call), { "PUT ipleases": 1 })).toEqual({ "PUT ipleases": 1 });
  });
});

function podOf({ pod }: CniCall, uid: string): Pod {
  if (pod === undefined) throw new Error("the call has no pod");
  return { ...pod, uid };
}

/** Without the reads of pools: those in use are read again every few seconds, however many calls there are. */
function costBetween(before: readonly RequestTotal[], after: readonly RequestTotal[]): Cost {
  const asked = requestsBetween(before, after).filter(({ resource }) => ["ipleases", "pods"].includes(resource));
  return Object.fromEntries(
    asked.map(({ verb, resource }) => [`${verb} ${resource}`, countRequests(asked, { verb, resource })]),
  );
}
