import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callAgent, callPlugin } from "./src/cni-call.ts";
import { addCall, delCall, errorOf, resultOf } from "./src/ipam-calls.ts";
import type { NetworkConfig } from "./src/pod-sandbox.ts";
import { SimulatedCluster } from "./src/simulated-cluster.ts";
import type { SimulatedNode } from "./src/simulated-node.ts";
import { createPool, leasedAddresses, listPools } from "./src/stored-objects.ts";

const NETWORK = { cniVersion: "1.0.0", name: "lab", type: "macvlan", master: "eth1" };
const INLINE: NetworkConfig = { ...NETWORK, ipam: { type: "cluster-ipam", subnet: "172.16.1.0/24" } };

describe("an agent with --inline-pools=deny", () => {
  let cluster: SimulatedCluster;
  let node: SimulatedNode;
  const running = addCall("running", INLINE);

  beforeAll(async () => {
    cluster = await SimulatedCluster.start({ isGuarded: true, nodes: ["n1"] });
    node = cluster.node("n1");
    await createPool(cluster.controlPlane, "green", { ranges: [{ subnet: "172.16.9.0/24" }] });
    await node.startAgent();
  });
  afterAll(() => cluster.close());

  it("lets go on what an earlier agent gave: repeated ADD, CHECK and DEL", async () => {
    const first = resultOf(await callAgent(node.socketPath, running));
    await node.agent.stop();
    await node.startAgent({ flags: ["--inline-pools=deny"] });
    expect(resultOf(await callPlugin(node.socketPath, running))).toEqual(first);
    const check = { ...running, command: "CHECK", config: { ...INLINE, prevResult: first } } as const;
    resultOf(await callPlugin(node.socketPath, check));
    resultOf(await callPlugin(node.socketPath, delCall(running)));
    expect(await leasedAddresses(cluster.controlPlane)).toEqual([]);
  });

  it("refuses ranges, addresses and the pools that were made of ranges, and says what to do", async () => {
    const [made = ""] = (await listPools(cluster.controlPlane)).filter((name) => name.startsWith("lab-"));
    for (const ipam of [INLINE["ipam"] as object, { addresses: [{ address: "172.16.1.9/24" }] }, { pool: made }]) {
      const config = { ...NETWORK, ipam: { type: "cluster-ipam", ...ipam } };
      const { code, msg } = errorOf(await callPlugin(node.socketPath, addCall("fresh", config)));
      expect(code).toBe(105);
      expect(msg).toContain("--inline-pools=deny");
      expect(msg).toContain('"ipam": {"type": "cluster-ipam", "pool": "…"}');
    }
    expect(await leasedAddresses(cluster.controlPlane)).toEqual([]);
  });

  it("serves the pools of administrators", async () => {
    const call = addCall("served", { ...NETWORK, ipam: { type: "cluster-ipam", pool: "green" } });
    const { ips } = resultOf(await callPlugin(node.socketPath, call));
    expect(ips).toMatchObject([{ address: expect.stringMatching(/^172\.16\.9\./) }]);
    resultOf(await callPlugin(node.socketPath, delCall(call)));
  });
});
