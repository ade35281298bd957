import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readInterface } from "./src/interface-state.ts";
import { kubectl } from "./src/kubectl.ts";
import { addressesOf, type NetworkConfig, PodSandbox } from "./src/pod-sandbox.ts";
import { pingAll } from "./src/reachability.ts";
import { SimulatedCluster } from "./src/simulated-cluster.ts";
import { listBlocks, nodeOfAddress } from "./src/stored-blocks.ts";
import { leasedAddresses, listLeases } from "./src/stored-objects.ts";

/** A NetworkAttachmentDefinition of whereabouts with slices for nodes, with only `type` changed. */
const NETWORK = JSON.parse(`
{"cniVersion":"0.3.1","name":"whereabouts-fast","type":"macvlan","master":"eth1","mode":"bridge",
 "ipam":{"type":"cluster-ipam","range":"192.168.2.0/24","node_slice_size":"/28","exclude":["192.168.2.0/28"]}}
`) as NetworkConfig;

describe("S9, S12: whereabouts' node_slice_size, with macvlan on two nodes", () => {
  let cluster: SimulatedCluster;
  let pods: readonly PodSandbox[];

  beforeAll(async () => {
    cluster = await SimulatedCluster.start({ nodes: ["n1", "n2"] });
    await cluster.startAgents();
    pods = await Promise.all(
      cluster.nodes.flatMap((node) =>
        ["a", "b", "c"].map((suffix) =>
          PodSandbox.create(node, { namespace: "shop", name: `web-${node.name}-${suffix}` }),
        ),
      ),
    );
  });
  afterAll(() => cluster.close());

  it("S9: each node's pods have addresses of the node's own slice, with the prefix length of the range", async () => {
    const results = await Promise.all(pods.map(async (pod) => ({ pod, result: await pod.attach(NETWORK) })));
    const blocks = await listBlocks(cluster.controlPlane);
    expect(blocks.map(({ spec }) => spec.node).toSorted()).toEqual(["n1", "n2"]);
    const leases = await listLeases(cluster.controlPlane);
    const pool = leases[0]?.spec.pool ?? "";
    for (const { pod, result } of results) {
      const [address = ""] = addressesOf(result);
      expect(nodeOfAddress(blocks, pool, address)).toBe(pod.node.name);
      expect((await readInterface(pod.namespace, "net1")).addresses).toEqual([`${address}/24`]);
    }
    expect(new Set(results.flatMap(({ result }) => addressesOf(result))).size).toBe(pods.length);
  });

  it("S9: every pod reaches every other, also those of the other slice", async () => {
    const members = await Promise.all(
      pods.map(async ({ pod, namespace }) => ({ name: pod.name, namespace, addresses: await addressesIn(namespace) })),
    );
    const report = await pingAll(cluster.run, members);
    expect(report).toEqual({ sent: pods.length * (pods.length - 1), failed: [] });
  });

  it("S12: the section is one inline pool, whichever node made it", async () => {
    const { stdout } = await kubectl(cluster.run, cluster.controlPlane, [
      "get",
      "ippools",
      "--selector=cluster-ipam.io/inline=true",
      "--output=jsonpath={.items[*].spec.nodeBlocks}",
    ]);
    expect(JSON.parse(stdout)).toEqual({ prefixLength: 28 });
  });

  it("S9: once every pod is gone no lease is left", async () => {
    await Promise.all(pods.map((pod) => pod.detach(NETWORK)));
    expect(await leasedAddresses(cluster.controlPlane)).toEqual([]);
  });
});

async function addressesIn(namespace: PodSandbox["namespace"]): Promise<readonly string[]> {
  const { addresses } = await readInterface(namespace, "net1");
  return addresses.map((address) => address.split("/", 1)[0] ?? address);
}
