import { describe, expect, it } from "vitest";
import { useCluster } from "./src/cluster-in-use.ts";
import { callAgent, callPlugin } from "./src/cni-call.ts";
import { readInterface } from "./src/interface-state.ts";
import { addCall, delCall, errorOf, resultOf } from "./src/ipam-calls.ts";
import { kubectl } from "./src/kubectl.ts";
import { addressesOf, type NetworkConfig, PodSandbox } from "./src/pod-sandbox.ts";
import { createLease, leasedAddresses, listPools } from "./src/stored-objects.ts";

const NETWORK: NetworkConfig = {
  cniVersion: "1.0.0",
  name: "listed",
  type: "macvlan",
  master: "eth1",
  ipam: {
    type: "cluster-ipam",
    addresses: [{ address: "192.0.2.9/24", gateway: "192.0.2.1" }, { address: "2001:db8::9/64" }],
    routes: [{ dst: "10.9.0.0/16" }],
  },
};

describe("addresses that an ipam section names", () => {
  const cluster = useCluster(["n1", "n2"]);

  it("macvlan gets them, and each is a lease of no pool that kubectl shows", async () => {
    const pod = await PodSandbox.create(cluster.n1, { namespace: "default", name: "web-0" });
    const result = await pod.attach(NETWORK);
    expect(result.ips).toMatchObject([
      { address: "192.0.2.9/24", gateway: "192.0.2.1" },
      { address: "2001:db8::9/64" },
    ]);
    const { addresses } = await readInterface(pod.namespace, "net1");
    expect(addresses).toEqual(expect.arrayContaining(["192.0.2.9/24", "2001:db8::9/64"]));
    const { stdout } = await kubectl(cluster.run, cluster.controlPlane, ["get", "ipleases"]);
    expect(stdout).toMatch(/192\.0\.2\.9 .*default +web-0/);
    expect(await listPools(cluster.controlPlane)).toEqual([]);

    await pod.check(NETWORK);
    await pod.detach(NETWORK);
    expect(await leasedAddresses(cluster.controlPlane)).toEqual([]);
  });

  it("S18: a new sandbox of the same pod has the same ones, also after the agent's restart", async () => {
    const old = await PodSandbox.create(cluster.n1, { namespace: "default", name: "web-0" });
    const before = addressesOf(await old.attach(NETWORK));
    await old.delete();
    await cluster.n1.agent.kill();
    await cluster.n1.startAgent();
    const fresh = await PodSandbox.create(cluster.n1, old.pod);
    expect(addressesOf(await fresh.attach(NETWORK))).toEqual(before);
    await old.detach(NETWORK);
    expect(await leasedAddresses(cluster.controlPlane)).toHaveLength(2);
    await fresh.detach(NETWORK);
  });

  it("a second holder is refused on another node, and a DEL that holds the type alone gives them back", async () => {
    const holder = addCall("web-0", NETWORK);
    resultOf(await callPlugin(cluster.n1.socketPath, holder));
    const second = addCall("web-1", NETWORK);
    const held = "192.0.2.9 is held by pod default/web-0 (interface net1) on node n1; that pod is gone";
    expect(errorOf(await callPlugin(cluster.n2.socketPath, second))).toMatchObject({
      code: 102,
      msg: expect.stringContaining(held),
    });

    const stripped = { ...NETWORK, ipam: { type: "cluster-ipam" } };
    resultOf(await callPlugin(cluster.n1.socketPath, delCall({ ...holder, config: stripped })));
    expect(addressesOf(resultOf(await callPlugin(cluster.n2.socketPath, second)))).toEqual([
      "192.0.2.9",
      "2001:db8::9",
    ]);
    resultOf(await callPlugin(cluster.n2.socketPath, delCall(second)));
  });

  it("GC gives back those whose sandbox is gone", async () => {
    const pod = await PodSandbox.create(cluster.n1, { namespace: "default", name: "web-0" });
    await pod.attach(NETWORK);
    await pod.delete();
    const config = { ...NETWORK, cniVersion: "1.1.0", "cni.dev/valid-attachments": [] };
    resultOf(await callAgent(cluster.n1.socketPath, { command: "GC", config }));
    expect(await leasedAddresses(cluster.controlPlane)).toEqual([]);
  });

  it("ranges that hold one, or a reservation, hand out the others, and are full without them", async () => {
    const listed = addCall("web-0", {
      ...NETWORK,
      ipam: { type: "cluster-ipam", addresses: [{ address: "10.7.0.2/29" }] },
    });
    resultOf(await callPlugin(cluster.n1.socketPath, listed));
    await createLease(cluster.controlPlane, { address: "10.7.0.3", reserved: { reason: "printer" } });
    const ipam = { type: "cluster-ipam", subnet: "10.7.0.0/29", rangeEnd: "10.7.0.4", strategy: "Sequential" };
    const calls = ["web-1", "web-2"].map((name) => addCall(name, { ...NETWORK, name: "ranged", ipam }));
    const [first, second] = calls;
    if (first === undefined || second === undefined) throw new Error("two calls are made");
    expect(addressesOf(resultOf(await callAgent(cluster.n2.socketPath, first)))).toEqual(["10.7.0.4"]);
    expect(errorOf(await callAgent(cluster.n2.socketPath, second))).toMatchObject({
      code: 101,
      msg: expect.stringContaining("3 used of a capacity of 3"),
    });
    for (const call of [listed, first])
      resultOf(await callAgent((call === listed ? cluster.n1 : cluster.n2).socketPath, delCall(call)));
    await kubectl(cluster.run, cluster.controlPlane, ["delete", "iplease", "10.7.0.3"]);
  });
});
