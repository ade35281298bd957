import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readInterface } from "./src/interface-state.ts";
import { kubectl } from "./src/kubectl.ts";
import { addressesOf, type NetworkConfig, PodSandbox } from "./src/pod-sandbox.ts";
import { pingAll } from "./src/reachability.ts";
import { SimulatedCluster } from "./src/simulated-cluster.ts";
import { leasedAddresses, listLeases } from "./src/stored-objects.ts";

/** A cluster-wide NetworkAttachmentDefinition as users have it, with only `type` changed from host-local. */
const OURS = JSON.parse(`
{"cniVersion":"0.3.1","name":"macvlan-conf","type":"macvlan","master":"eth1","mode":"bridge",
 "ipam":{"type":"cluster-ipam","subnet":"172.16.1.0/24","rangeStart":"172.16.1.200","rangeEnd":"172.16.1.246","routes":[{"dst":"10.9.0.0/16"}],"gateway":""}}
`) as NetworkConfig & { readonly ipam: Readonly<Record<string, unknown>> };
const HOST_LOCAL: NetworkConfig = { ...OURS, ipam: { ...OURS.ipam, type: "host-local" } };

describe("S1: one macvlan network over three nodes", () => {
  let cluster: SimulatedCluster;
  /** Two pods on each node. */
  let pods: readonly PodSandbox[];

  beforeAll(async () => {
    cluster = await SimulatedCluster.start();
    await cluster.startAgents();
    pods = await Promise.all(
      cluster.nodes.flatMap((node) =>
        ["a", "b"].map((suffix) => PodSandbox.create(node, { namespace: "shop", name: `web-${node.name}-${suffix}` })),
      ),
    );
  });
  afterAll(() => cluster.close());

  it("S1: host-local hands the same two addresses out on each node", async () => {
    const results = await Promise.all(pods.map((pod) => pod.attach(HOST_LOCAL)));
    const addresses = results.flatMap(addressesOf).toSorted();
    await Promise.all(pods.map((pod) => pod.detach(HOST_LOCAL)));

    const [first, second] = ["172.16.1.200", "172.16.1.201"];
    expect(addresses).toEqual([first, first, first, second, second, second]);
  });

  it("S1: cluster-ipam gives every pod an address of its own, with host-local's gateway and routes", async () => {
    const attached = await Promise.all(pods.map(async (pod) => ({ pod, result: await pod.attach(OURS) })));
    const addresses = attached.flatMap(({ result }) => addressesOf(result));

    expect(new Set(addresses).size).toBe(pods.length);
    expect(addresses.filter((address) => !isInRange(address))).toEqual([]);
    for (const { pod, result } of attached) {
      const [address] = addressesOf(result);
      expect(result.ips).toEqual([{ version: "4", interface: 0, address: `${address}/24`, gateway: "172.16.1.1" }]);
      const state = await readInterface(pod.namespace, "net1");
      expect(state).toMatchObject({ addresses: [`${address}/24`], routes: ["10.9.0.0/16 via 172.16.1.1"] });
    }
  });

  it("S1: every pod reaches every other on that network", async () => {
    const members = await Promise.all(
      pods.map(async ({ pod, namespace }) => ({ name: pod.name, namespace, addresses: await addressesIn(namespace) })),
    );
    const report = await pingAll(cluster.run, members);
    expect(report).toEqual({ sent: pods.length * (pods.length - 1), failed: [] });
  });

  it("S1: each lease names its holder, for machines and in what kubectl prints", async () => {
    const leases = await listLeases(cluster.controlPlane);
    const holders = new Map(leases.map(({ spec }) => [spec.containerID, spec]));
    expect(holders.size).toBe(leases.length);
    expect(holders.size).toBe(pods.length);
    for (const { node, pod, containerId } of pods) {
      const holder = { node: node.name, holder: `shop/${pod.name}/net1`, pod, network: "macvlan-conf", ifName: "net1" };
      expect(holders.get(containerId)).toMatchObject(holder);
    }

    const { stdout } = await kubectl(cluster.run, cluster.controlPlane, ["get", "ipleases"]);
    for (const { spec } of leases) {
      const row = stdout.split("\n").find((line) => line.startsWith(`${spec.address} `));
      expect(row).toMatch(new RegExp(`\\b${spec.pod?.name}\\b.*\\b${spec.node}\\b.*\\bnet1\\b`));
    }
  });

  it("S1: the inline ranges are one pool, whichever node made it", async () => {
    const { stdout } = await kubectl(cluster.run, cluster.controlPlane, [
      "get",
      "ippools",
      "--selector=cluster-ipam.io/inline=true",
      "--output=jsonpath={.items[*].spec.ranges}",
    ]);
    const range = { subnet: "172.16.1.0/24", start: "172.16.1.200", end: "172.16.1.246", gateway: "172.16.1.1" };
    expect(JSON.parse(stdout)).toEqual([{ ...range, assign: "Any" }]);
  });

  it("S1: once every pod is gone no lease is left", async () => {
    await Promise.all(pods.map((pod) => pod.detach(OURS)));
    expect(await leasedAddresses(cluster.controlPlane)).toEqual([]);
  });
});

function isInRange(address: string): boolean {
  const last = Number(address.replace("172.16.1.", ""));
  return last >= 200 && last <= 246;
}

async function addressesIn(namespace: PodSandbox["namespace"]): Promise<readonly string[]> {
  const { addresses } = await readInterface(namespace, "net1");
  return addresses.map((address) => address.split("/", 1)[0] ?? address);
}
