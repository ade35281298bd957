import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { callAgent, callPlugin } from "./src/cni-call.ts";
import { readInterface } from "./src/interface-state.ts";
import { addCall, delCall, errorOf, resultOf } from "./src/ipam-calls.ts";
import { kubectl } from "./src/kubectl.ts";
import { addressesOf, type NetworkConfig, PodSandbox } from "./src/pod-sandbox.ts";
import { SimulatedCluster } from "./src/simulated-cluster.ts";
import type { SimulatedNode } from "./src/simulated-node.ts";
import { createPool, listLeases, removeLeases } from "./src/stored-objects.ts";

const NETWORK: NetworkConfig = {
  cniVersion: "1.0.0",
  name: "counted",
  type: "macvlan",
  master: "eth1",
  ipam: { type: "cluster-ipam" },
};
const FIRST = 200;
const PODS = "/api/v1/namespaces/default/pods";

describe("strategy Index", () => {
  let cluster: SimulatedCluster;
  let n1: SimulatedNode;
  let n2: SimulatedNode;
  /** The address of n1 on the nodes' network, with its prefix length. */
  let nodeAddress: string;

  beforeAll(async () => {
    cluster = await SimulatedCluster.start({ nodes: ["n1", "n2"] });
    [n1, n2] = [cluster.node("n1"), cluster.node("n2")];
    [nodeAddress = ""] = (await readInterface(n1.namespace, "eth0")).addresses;
    const ranges = [
      { subnet: "172.16.1.0/24", start: `172.16.1.${FIRST}`, end: "172.16.1.209", exclude: ["172.16.1.205"] },
    ];
    await createPool(cluster.controlPlane, "counted", { ranges, strategy: "Index" });
    await n1.startAgent({ flags: [`--node-ip=${nodeAddress.split("/", 1)[0]}`] });
    await n2.startAgent();
  });
  afterAll(() => cluster.close());
  afterEach(async () => {
    expect(await removeLeases(cluster.controlPlane)).toEqual([]);
  });

  it("S7: pods of a StatefulSet have start+0, start+1, start+2 on whatever node, the same after a restart", async () => {
    for (const nodes of [
      [n1, n2, n1],
      [n2, n1, n1],
    ]) {
      const calls = nodes.map((node, ordinal) => ({ node, call: addCall(`web-${ordinal}`, NETWORK) }));
      const results = await Promise.all(calls.map(({ node, call }) => callPlugin(node.socketPath, call)));
      expect(results.map((outcome) => addressesOf(resultOf(outcome)))).toEqual(
        nodes.map((_, ordinal) => [`172.16.1.${FIRST + ordinal}`]),
      );
      for (const { node, call } of calls) resultOf(await callPlugin(node.socketPath, delCall(call)));
    }
  });

  it("S18: a new sandbox of the same pod, without a DEL in between, comes up with the same address", async () => {
    const old = await PodSandbox.create(n1, { namespace: "default", name: "web-3" });
    expect(addressesOf(await old.attach(NETWORK))).toEqual(["172.16.1.203"]);
    await old.delete();
    const fresh = await PodSandbox.create(n1, old.pod);
    expect(addressesOf(await fresh.attach(NETWORK))).toEqual(["172.16.1.203"]);
    expect((await readInterface(fresh.namespace, "net1")).addresses).toEqual(["172.16.1.203/24"]);
    await old.detach(NETWORK);
    await fresh.check(NETWORK);
    expect((await listLeases(cluster.controlPlane)).map(({ spec }) => spec.containerID)).toEqual([fresh.containerId]);
    await fresh.detach(NETWORK);
  });

  it("S18: after the agent's restart the pod of the same name, in a new sandbox, has it too", async () => {
    const old = await PodSandbox.create(n1, { namespace: "default", name: "web-3" });
    await old.attach(NETWORK);
    await old.delete();
    await n1.agent.kill();
    await n1.startAgent({ flags: [`--node-ip=${nodeAddress.split("/", 1)[0]}`] });
    // Another uid: the StatefulSet has made its pod anew.
    const fresh = await PodSandbox.create(n1, { namespace: "default", name: "web-3" });
    expect(addressesOf(await fresh.attach(NETWORK))).toEqual(["172.16.1.203"]);
    await fresh.detach(NETWORK);
  });

  it.each([
    { pod: "web-5", says: ["index 5", "web-5", "172.16.1.205", "excluded"] },
    { pod: "web-10", says: ["index 10", "web-10", "172.16.1.200-172.16.1.209 of 172.16.1.0/24 (pool counted)"] },
    { pod: "web", says: ["default/web", "index([0-9]+)"] },
  ])("a pod named $pod is refused with what is wrong, and nothing is taken", async ({ pod, says }) => {
    const call = addCall(pod, NETWORK);
    const { code, msg } = errorOf(await callPlugin(n1.socketPath, call));
    expect(code).toBe(104);
    for (const fragment of says) expect(msg).toContain(fragment);
    expect(await listLeases(cluster.controlPlane)).toEqual([]);
  });

  it("a taken address names its holder, says that it is gone, and how to go on; done so, it is free", async () => {
    const pod = { namespace: "default", name: "web-1", uid: await createPod("web-1") };
    await setNodeReady("True");
    resultOf(await callPlugin(n2.socketPath, addCall("web-1", NETWORK, { pod })));
    // Of a StatefulSet that somebody has started elsewhere while n2 cannot be reached.
    const wanting = addCall("web-1", NETWORK, { containerId: "elsewhere", pod: { ...pod, uid: randomUUID() } });
    const refusal = async () => errorOf(await callAgent(n1.socketPath, wanting));
    const held = "address 172.16.1.201 is held by pod default/web-1 (interface net1) on node n2";
    expect(await refusal()).toMatchObject({ code: 102, msg: held });

    await setNodeReady("Unknown");
    const wayOut = "kubectl delete iplease 172.16.1.201 frees the address";
    const away = `${held}; node n2 is NotReady: if the holder runs nowhere any more, ${wayOut}`;
    expect(await refusal()).toMatchObject({ code: 102, msg: away });

    await cluster.controlPlane.api.send({ method: "DELETE", path: `${PODS}/web-1?gracePeriodSeconds=0` });
    expect(await refusal()).toMatchObject({ msg: `${held}; that pod is gone and node n2 is NotReady: ${wayOut}` });

    await kubectl(cluster.run, cluster.controlPlane, ["delete", "iplease", "172.16.1.201"]);
    expect(addressesOf(resultOf(await callAgent(n1.socketPath, wanting)))).toEqual(["172.16.1.201"]);
    resultOf(await callAgent(n1.socketPath, delCall(wanting)));
  });

  it("a pool may count from the node's own address, which the agent is told", async () => {
    const [network = "", last = ""] = splitLast(nodeAddress);
    await createPool(cluster.controlPlane, "from-node", {
      ranges: [{ subnet: `${network}0/24` }],
      strategy: "Index",
      index: { base: "Node", pattern: "slot([0-9]+)$" },
    });
    const config = { ...NETWORK, name: "from-node" };
    const call = addCall("web-7-slot40", config);
    expect(addressesOf(resultOf(await callPlugin(n1.socketPath, call)))).toEqual([`${network}${Number(last) + 40}`]);
    resultOf(await callPlugin(n1.socketPath, delCall(call)));

    const untold = errorOf(await callPlugin(n2.socketPath, call));
    expect(untold).toMatchObject({ code: 7, msg: expect.stringContaining("start it with --node-ip") });
  });

  it("two networks that differ in the strategy alone share their addresses and their pool", async () => {
    const ipam = { type: "cluster-ipam", subnet: "172.16.3.0/29", gateway: "172.16.3.1" };
    const taken: string[] = [];
    const calls = ["index", "Sequential", "spread", "SEQUENTIAL", "spread"].map((strategy, number) =>
      addCall(`web-${number === 0 ? 3 : `x${number}x`}`, { ...NETWORK, name: "shared", ipam: { ...ipam, strategy } }),
    );
    for (const call of calls) taken.push(...addressesOf(resultOf(await callAgent(n1.socketPath, call))));
    expect(taken[0]).toBe("172.16.3.5");
    expect(taken[1]).toBe("172.16.3.2");
    expect(new Set(taken).size).toBe(5);
    const pools = (await listLeases(cluster.controlPlane)).map(({ spec }) => spec.pool);
    expect(new Set(pools).size).toBe(1);
    for (const call of calls) resultOf(await callAgent(n1.socketPath, delCall(call)));
  });

  /** The uid of the pod, as the API server has it. */
  async function createPod(name: string): Promise<string> {
    const spec = { containers: [{ name: "main", image: "example.org/none" }], nodeName: "n2" };
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name }, spec };
    const made = (await cluster.controlPlane.api.ensure(PODS, JSON.stringify(pod))) as {
      readonly metadata: { readonly uid: string };
    };
    return made.metadata.uid;
  }

  async function setNodeReady(status: "True" | "Unknown"): Promise<void> {
    const answer = await cluster.controlPlane.api.send({
      method: "PATCH",
      path: "/api/v1/nodes/n2/status",
      body: JSON.stringify({ status: { conditions: [{ type: "Ready", status }] } }),
      contentType: "application/merge-patch+json",
    });
    expect(answer.status).toBe(200);
  }
});

/** `198.18.3.` and `10` of `198.18.3.10/24`. */
function splitLast(cidr: string): string[] {
  return /^(.*\.)(\d+)\//.exec(cidr)?.slice(1) ?? [];
}
