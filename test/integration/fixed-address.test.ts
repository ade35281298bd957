import { describe, expect, it } from "vitest";
import { useCluster } from "./src/cluster-in-use.ts";
import { type CniCall, callPlugin } from "./src/cni-call.ts";
import { readInterface } from "./src/interface-state.ts";
import { addCall, delCall, errorOf, resultOf } from "./src/ipam-calls.ts";
import { addressesOf, type NetworkConfig, PodSandbox } from "./src/pod-sandbox.ts";
import type { SimulatedNode } from "./src/simulated-node.ts";
import { createLease, deleteLease, leasedAddresses, listLeases } from "./src/stored-objects.ts";

const NETWORK: NetworkConfig = {
  cniVersion: "0.3.1",
  name: "macvlan-conf",
  type: "macvlan",
  master: "eth1",
  capabilities: { ips: true },
  ipam: { type: "cluster-ipam", subnet: "172.16.1.0/24", rangeStart: "172.16.1.200", rangeEnd: "172.16.1.246" },
};

/** What libcni makes of `ips` for an IPAM plugin. */
function asking(...ips: readonly string[]): NetworkConfig {
  return { ...NETWORK, runtimeConfig: { ips } };
}

describe("addresses of a pod's own choice", () => {
  const cluster = useCluster(["n1", "n2"]);

  it.each([
    { how: "the ips capability", options: { capabilityArgs: { ips: ["172.16.1.201"] } } },
    { how: "the ips capability with a prefix length", options: { capabilityArgs: { ips: ["172.16.1.201/24"] } } },
    { how: "CNI_ARGS", options: { args: { IP: "172.16.1.201" } } },
  ])("S3: macvlan gets the address that the pod asks for through $how", async ({ options }) => {
    const pod = await PodSandbox.create(cluster.n1, { namespace: "default", name: "web-0" });
    const result = await pod.attach(NETWORK, options);
    expect(result.ips).toMatchObject([{ address: "172.16.1.201/24", gateway: "172.16.1.1" }]);
    expect((await readInterface(pod.namespace, "net1")).addresses).toEqual(["172.16.1.201/24"]);
    await pod.detach(NETWORK, options);
  });

  it("S3: macvlan gets the address that the network configuration asks for in args.cni.ips", async () => {
    const pod = await PodSandbox.create(cluster.n1, { namespace: "default", name: "web-0" });
    const network = { ...NETWORK, args: { cni: { ips: ["172.16.1.201"] } } };
    await pod.attach(network);
    expect((await readInterface(pod.namespace, "net1")).addresses).toEqual(["172.16.1.201/24"]);
    await pod.detach(network);
  });

  it.each([
    { what: "outside the range", ips: ["172.16.1.5"], code: 103, says: "172.16.1.200-172.16.1.246 of 172.16.1.0/24" },
    {
      what: "outside the subnet",
      ips: ["172.16.2.201"],
      code: 103,
      says: "172.16.1.200-172.16.1.246 of 172.16.1.0/24",
    },
    { what: "of a family without a range", ips: ["2001:db8::5"], code: 103, says: "2001:db8::5 is in no range" },
    { what: "with another prefix length", ips: ["172.16.1.201/16"], code: 7, says: "is a /24" },
    { what: "that is no address", ips: ["172.16.1.999"], code: 7, says: 'runtimeConfig.ips[0] is "172.16.1.999"' },
    { what: "beside a second of one range", ips: ["172.16.1.201", "172.16.1.202"], code: 7, says: "172.16.1.202" },
  ])("S3: an address $what is refused and none is taken instead", async ({ ips, code, says }) => {
    const call = addCall("asks-wrongly", asking(...ips));
    const error = errorOf(await callPlugin(cluster.n1.socketPath, call));
    expect(error).toMatchObject({ code, msg: expect.stringContaining(says) });
    expect(await leasedAddresses(cluster.controlPlane)).toEqual([]);
    resultOf(await callPlugin(cluster.n1.socketPath, delCall(call)));
  });

  it("S3: the gateway's address is refused as one that is never handed out", async () => {
    const ipam = { type: "cluster-ipam", subnet: "172.16.1.0/24", gateway: "172.16.1.201" };
    const call = addCall("asks-for-the-gateway", { ...asking("172.16.1.201"), ipam });
    const error = errorOf(await callPlugin(cluster.n1.socketPath, call));
    expect(error).toMatchObject({ code: 103, msg: expect.stringContaining("172.16.1.201 is never handed out") });
  });

  it("S3: a taken address is refused on every node with the name of the pod that holds it, until it is free", async () => {
    const holder = addCall("db-0", asking("172.16.1.201"));
    resultOf(await callPlugin(cluster.n1.socketPath, holder));

    const wanting: readonly (readonly [SimulatedNode, CniCall])[] = [
      [cluster.n1, addCall("db-1", asking("172.16.1.201"))],
      [cluster.n2, addCall("db-2", asking("172.16.1.201"))],
    ];
    for (const [node, call] of wanting) {
      const error = errorOf(await callPlugin(node.socketPath, call));
      expect(error.code).toBe(102);
      expect(error.msg).toContain("172.16.1.201 is held by pod default/db-0 (interface net1) on node n1");
    }
    expect((await listLeases(cluster.controlPlane)).map(({ spec }) => spec.holder)).toEqual(["default/db-0/net1"]);

    resultOf(await callPlugin(cluster.n1.socketPath, delCall(holder)));
    for (const [node, call] of wanting) {
      expect(addressesOf(resultOf(await callPlugin(node.socketPath, call)))).toEqual(["172.16.1.201"]);
      resultOf(await callPlugin(node.socketPath, delCall(call)));
    }
  });

  it("S3: macvlan hands the refusal on to the runtime, whose DEL then leaves the holder alone", async () => {
    const holder = addCall("db-0", asking("172.16.1.201"));
    resultOf(await callPlugin(cluster.n2.socketPath, holder));
    const pod = await PodSandbox.create(cluster.n1, { namespace: "default", name: "db-1" });
    const attaching = pod.attach(NETWORK, { capabilityArgs: { ips: ["172.16.1.201"] } });
    await expect(attaching).rejects.toThrow("172.16.1.201 is held by pod default/db-0 (interface net1) on node n2");
    expect((await readInterface(pod.namespace, "net1")).addresses).toEqual([]);
    await pod.detach(NETWORK);
    expect(await leasedAddresses(cluster.controlPlane)).toEqual(["172.16.1.201"]);
    resultOf(await callPlugin(cluster.n2.socketPath, delCall(holder)));
  });

  it("S3: an address kept by hand is refused with the reason of the reservation", async () => {
    const reserved = { reason: "printer on the second floor" };
    await createLease(cluster.controlPlane, { address: "172.16.1.201", reserved });
    const error = errorOf(await callPlugin(cluster.n1.socketPath, addCall("db-0", asking("172.16.1.201"))));
    expect(error).toMatchObject({ code: 102, msg: expect.stringContaining("printer on the second floor") });
    await deleteLease(cluster.controlPlane, "172.16.1.201");
  });

  it("S4: one network twice in one pod gives two leases that name their interfaces, and DEL of one keeps the other", async () => {
    const pod = await PodSandbox.create(cluster.n1, { namespace: "default", name: "twice" });
    const any = await pod.attach(NETWORK, { ifName: "net1" });
    const second = { ifName: "net2", capabilityArgs: { ips: ["172.16.1.201"] } };
    expect(addressesOf(await pod.attach(NETWORK, second))).toEqual(["172.16.1.201"]);

    const leases = await listLeases(cluster.controlPlane);
    const byInterface = Object.fromEntries(leases.map(({ spec }) => [spec.ifName, [spec.address, spec.holder]]));
    expect(byInterface).toEqual({
      net1: [addressesOf(any)[0], "default/twice/net1"],
      net2: ["172.16.1.201", "default/twice/net2"],
    });

    await pod.detach(NETWORK, { ifName: "net1" });
    expect(await leasedAddresses(cluster.controlPlane)).toEqual(["172.16.1.201"]);
    expect((await readInterface(pod.namespace, "net2")).addresses).toEqual(["172.16.1.201/24"]);
    await pod.detach(NETWORK, second);
  });
});
