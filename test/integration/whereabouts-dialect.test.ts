import { API_PATH, type IPPool, POOL_RESOURCE } from "@cluster-ipam/api";
import { describe, expect, it } from "vitest";
import { useCluster } from "./src/cluster-in-use.ts";
import { type CniCall, callPlugin } from "./src/cni-call.ts";
import { addCall, delCall, errorOf, resultOf } from "./src/ipam-calls.ts";
import { addressesOf, type NetworkConfig, PodSandbox } from "./src/pod-sandbox.ts";
import type { SimulatedNode } from "./src/simulated-node.ts";
import { listLeases, listPools } from "./src/stored-objects.ts";

/** What a NAD of whereabouts holds, with nothing but its type changed, and lowest free addresses as before. */
function network(name: string, ipam: Readonly<Record<string, unknown>>): NetworkConfig {
  return {
    cniVersion: "0.3.1",
    name,
    type: "macvlan",
    master: "eth1",
    ipam: { type: "cluster-ipam", strategy: "sequential", log_level: "debug", kubernetes: {}, ...ipam },
  };
}

describe("S12: networks of whereabouts", () => {
  const cluster = useCluster(["n1", "n2"]);

  async function attach(node: SimulatedNode, call: CniCall): Promise<string> {
    return addressesOf(resultOf(await callPlugin(node.socketPath, call))).join(" ");
  }

  async function detach(node: SimulatedNode, ...calls: readonly CniCall[]): Promise<void> {
    for (const call of calls) resultOf(await callPlugin(node.socketPath, delCall(call)));
  }

  it("S12: range, exclude and gateway: the API server takes the pool, and two nodes give each address once", async () => {
    const config = network("excluded", {
      range: "192.168.2.225/28",
      exclude: ["192.168.2.236/32", "192.168.2.229/30", "192.168.2.226", "192.168.3.0/24"],
      gateway: "192.168.2.225",
    });
    const [first, second, third] = ["a", "b", "c"].map((name) => addCall(name, config)) as [CniCall, CniCall, CniCall];
    expect(await attach(cluster.n1, first)).toBe("192.168.2.227");
    expect(await attach(cluster.n2, second)).toBe("192.168.2.232");
    expect(await attach(cluster.n2, third)).toBe("192.168.2.233");
    const [name] = await listPools(cluster.controlPlane);
    const { spec } = (await cluster.controlPlane.api.get(`${API_PATH}/${POOL_RESOURCE}/${name}`)) as IPPool;
    expect(spec.ranges).toEqual([
      {
        subnet: "192.168.2.224/28",
        gateway: "192.168.2.225",
        exclude: ["192.168.2.226", "192.168.2.228-192.168.2.231", "192.168.2.236"],
        assign: "Any",
      },
    ]);
    await detach(cluster.n1, first);
    await detach(cluster.n2, second, third);
  });

  it("S10: macvlan gets one address of each range, range before ipRanges, and the gateway of its family alone", async () => {
    const config = network("dual", {
      range: "2001:db8:9::5-2001:db8:9::9/64",
      ipRanges: [{ range: "192.168.10.1/24", range_start: "192.168.10.7" }],
      gateway: "192.168.10.1",
      routes: [{ dst: "10.9.0.0/16" }],
    });
    const pod = await PodSandbox.create(cluster.n1, { namespace: "default", name: "web-0" });
    const result = await pod.attach(config);
    expect(result.ips).toMatchObject([
      { address: "2001:db8:9::5/64" },
      { address: "192.168.10.7/24", gateway: "192.168.10.1" },
    ]);
    expect(result.ips?.[0]).not.toHaveProperty("gateway");
    await pod.detach(config);
  });

  it("S12: networks share their addresses, unless network_name or enable_overlapping_ranges keeps them apart", async () => {
    const range = "10.77.0.0/29";
    const calls = [
      addCall("one", network("shared-1", { range })),
      addCall("two", network("shared-2", { range: "10.77.0.0/28" })),
      addCall("three", network("named", { range, network_name: "Blue_Net" })),
      addCall("four", network("own", { range, enable_overlapping_ranges: false })),
    ];
    const given: string[] = [];
    for (const call of calls) given.push(await attach(cluster.n1, call));
    expect(given).toEqual(["10.77.0.1", "10.77.0.2", "10.77.0.1", "10.77.0.1"]);
    const spaces = (await listLeases(cluster.controlPlane)).map(({ spec }) => spec.addressSpace).toSorted();
    expect(spaces).toEqual(["", "", expect.stringMatching(/^blue-net-[0-9a-f]{10}$/), "own"]);
    await detach(cluster.n1, ...calls);
  });

  it("S12: an exclude that cannot be read is refused at once, by key and value", async () => {
    const config = network("broken", { range: "192.168.0.0/29", exclude: ["192.168.0.1/123"] });
    const error = errorOf(await callPlugin(cluster.n1.socketPath, addCall("a", config)));
    expect(error).toMatchObject({ code: 7, msg: expect.stringContaining('ipam.exclude[0] is "192.168.0.1/123"') });
  });
});
