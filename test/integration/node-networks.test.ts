import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { callAgent } from "./src/cni-call.ts";
import { readInterface } from "./src/interface-state.ts";
import { addCall, delCall, errorOf, resultOf } from "./src/ipam-calls.ts";
import { replaceNode, setPodCidrs } from "./src/node-objects.ts";
import { addressesOf, type NetworkConfig, PodSandbox } from "./src/pod-sandbox.ts";
import { pingAll, type Reachable } from "./src/reachability.ts";
import { countRequests, requestsBetween } from "./src/request-metrics.ts";
import { SimulatedCluster } from "./src/simulated-cluster.ts";
import { createPool, listLeases, removeLeases } from "./src/stored-objects.ts";
import { waitFor } from "./src/waiting.ts";

const PODS_OF_NODE = 3;
/** The networks that the cluster gave the nodes. */
const NETWORKS = { n1: ["10.244.1.0/24", "fd00:1::/64"], n2: ["10.244.2.0/24", "fd00:2::/64"] } as const;
type NodeName = keyof typeof NETWORKS;

interface Attached extends Reachable {
  readonly node: NodeName;
  readonly sandbox: PodSandbox;
  readonly routes: readonly string[];
}

describe("S8: a primary network with the addresses of each node's own network", () => {
  let cluster: SimulatedCluster;

  beforeAll(async () => {
    cluster = await SimulatedCluster.start({ nodes: ["n1", "n2"] });
    for (const [name, networks] of Object.entries(NETWORKS)) await setPodCidrs(cluster.controlPlane, name, networks);
    await createPool(cluster.controlPlane, "node", { ranges: [], source: "NodePodCIDR" });
    await cluster.startAgents();
  });
  afterAll(() => cluster.close());
  afterEach(async () => {
    expect(await removeLeases(cluster.controlPlane)).toEqual([]);
  });

  it("S8: an IPPool with source NodePodCIDR: gateway .1 on the bridge, pods of a node reach each other", async () => {
    const before = await cluster.controlPlane.requestTotals();
    const config = (): NetworkConfig => ({
      cniVersion: "1.0.0",
      name: "primary",
      plugins: [
        { type: "bridge", bridge: "cni0", isDefaultGateway: true, ipam: { type: "cluster-ipam", pool: "node" } },
      ],
    });
    const pods = await attachAll(config);
    for (const { node, addresses } of pods) {
      expect(addresses).toEqual([inNetwork(node, 4), inNetwork(node, 6)]);
    }
    await expectGateways("cni0", (node) => [gatewayOf(node, 4), gatewayOf(node, 6)]);
    await expectReachable(pods);
    for (const { sandbox } of pods) await sandbox.check(config(), { ifName: "eth0" });
    // The pods of a node do not touch what others have: no list of leases, of a pool or of all.
    const asked = requestsBetween(before, await cluster.controlPlane.requestTotals());
    expect(countRequests(asked, { verb: "LIST", resource: "ipleases" })).toBe(0);

    const leases = await listLeases(cluster.controlPlane);
    expect(leases.map(({ spec }) => `${spec.pool} ${spec.node}`).toSorted()).toEqual(
      pods.flatMap(({ node }) => [`node ${node}`, `node ${node}`]).toSorted(),
    );
    await detachAll(pods, config);
  });

  it("S8: kube-router's way: the node's subnet in the configuration that it writes on each node", async () => {
    const config = (node: NodeName): NetworkConfig => ({
      cniVersion: "0.3.0",
      name: "mynet",
      plugins: [
        {
          name: "kubernetes",
          type: "bridge",
          bridge: "kube-bridge",
          isDefaultGateway: true,
          ipam: { type: "cluster-ipam", subnet: NETWORKS[node][0] },
        },
      ],
    });
    const pods = await attachAll(config);
    for (const { node, addresses, routes } of pods) {
      expect(addresses).toEqual([inNetwork(node, 4)]);
      expect(routes).toContain(`default via ${gatewayOf(node, 4).replace("/24", "")}`);
    }
    await expectGateways("kube-bridge", (node) => [gatewayOf(node, 4)]);
    await expectReachable(pods);
    await detachAll(pods, config);
  });

  it("S8: flannel's way: its plugin hands ipam.type on and sets ranges and routes", async () => {
    const subnetFiles = { n1: await writeSubnetFile("n1"), n2: await writeSubnetFile("n2") };
    const config = (node: NodeName): NetworkConfig => ({
      cniVersion: "0.3.1",
      name: "cbr0",
      plugins: [
        {
          type: "flannel",
          subnetFile: subnetFiles[node],
          ipam: { type: "cluster-ipam" },
          delegate: { bridge: "cbr0", hairpinMode: true, isDefaultGateway: true },
        },
      ],
    });
    const pods = await attachAll(config);
    for (const { node, addresses, routes } of pods) {
      expect(addresses).toEqual([inNetwork(node, 4), inNetwork(node, 6)]);
      const gateway = gatewayOf(node, 4).replace("/24", "");
      expect(routes).toEqual(expect.arrayContaining([`default via ${gateway}`, `10.244.0.0/16 via ${gateway}`]));
    }
    await expectGateways("cbr0", (node) => [gatewayOf(node, 4), gatewayOf(node, 6)]);
    await expectReachable(pods);
    await detachAll(pods, config);
  });

  it("S8: a node without networks is told who sets them; one that gets others gives nothing outside those", async () => {
    const { socketPath } = cluster.node("n2");
    const config = { cniVersion: "1.0.0", name: "node", type: "bridge", ipam: { type: "cluster-ipam" } };
    const old = addCall("old", config);
    const first = resultOf(await callAgent(socketPath, old));

    await replaceNode(cluster.controlPlane, "n2", []);
    const fresh = addCall("fresh", config);
    const refused = await waitFor(
      async () => {
        const outcome = await callAgent(socketPath, fresh);
        if (outcome.kind === "failure") return outcome;
        resultOf(await callAgent(socketPath, delCall(fresh)));
        return undefined;
      },
      { what: "the agent to see the node", timeoutMs: 30_000, intervalMs: 500 },
    );
    expect(errorOf(refused)).toMatchObject({ code: 100, msg: expect.stringContaining("--allocate-node-cidrs") });

    await setPodCidrs(cluster.controlPlane, "n2", ["10.244.7.0/24"]);
    const isServed = async () => (await callAgent(socketPath, fresh)).kind === "success" || undefined;
    await waitFor(isServed, { what: "the node's new network", timeoutMs: 30_000, intervalMs: 500 });
    const addresses = addressesOf(resultOf(await callAgent(socketPath, fresh)));
    expect(addresses).toEqual([expect.stringMatching(/^10\.244\.7\./)]);
    const check = { ...old, command: "CHECK", config: { ...config, prevResult: first } } as const;
    resultOf(await callAgent(socketPath, check));
    for (const call of [old, fresh]) resultOf(await callAgent(socketPath, delCall(call)));
  });

  /** Some pods on each node, each with eth0 in the node's bridge. */
  async function attachAll(config: (node: NodeName) => NetworkConfig): Promise<readonly Attached[]> {
    const attached: Attached[] = [];
    for (const node of ["n1", "n2"] as const) {
      for (let count = 0; count < PODS_OF_NODE; count += 1) {
        const name = `web-${count}-${node}`;
        const sandbox = await PodSandbox.create(cluster.node(node), { namespace: "default", name });
        await sandbox.attach(config(node), { ifName: "eth0" });
        const state = await readInterface(sandbox.namespace, "eth0");
        const addresses = state.addresses.map((address) => address.replace(/\/.*/, ""));
        attached.push({ node, sandbox, name, namespace: sandbox.namespace, addresses, routes: state.routes });
      }
    }
    return attached;
  }

  async function detachAll(pods: readonly Attached[], config: (node: NodeName) => NetworkConfig): Promise<void> {
    for (const { node, sandbox } of pods) await sandbox.detach(config(node), { ifName: "eth0" });
    expect(await listLeases(cluster.controlPlane)).toEqual([]);
  }

  async function expectGateways(bridge: string, expected: (node: NodeName) => readonly string[]): Promise<void> {
    for (const node of ["n1", "n2"] as const) {
      expect((await readInterface(cluster.node(node).namespace, bridge)).addresses).toEqual(expected(node));
    }
  }

  /** Those of one node: between nodes the network's own routes would lead, which nobody sets here. */
  async function expectReachable(pods: readonly Attached[]): Promise<void> {
    for (const node of ["n1", "n2"]) {
      const report = await pingAll(
        cluster.run,
        pods.filter((pod) => pod.node === node),
      );
      expect(report.failed).toEqual([]);
    }
  }

  /** As flanneld writes it. */
  async function writeSubnetFile(node: NodeName): Promise<string> {
    const folder = join(cluster.run.folder, "flannel", node);
    await mkdir(folder, { recursive: true });
    const path = join(folder, "subnet.env");
    const lines = [
      "FLANNEL_NETWORK=10.244.0.0/16",
      `FLANNEL_SUBNET=${gatewayOf(node, 4)}`,
      "FLANNEL_IPV6_NETWORK=fd00::/16",
      `FLANNEL_IPV6_SUBNET=${gatewayOf(node, 6)}`,
      "FLANNEL_MTU=1450",
      "FLANNEL_IPMASQ=true",
    ];
    await writeFile(path, `${lines.join("\n")}\n`);
    return path;
  }
});

function gatewayOf(node: NodeName, family: 4 | 6): string {
  const number = node === "n1" ? 1 : 2;
  return family === 4 ? `10.244.${number}.1/24` : `fd00:${number}::1/64`;
}

function inNetwork(node: NodeName, family: 4 | 6): unknown {
  const number = node === "n1" ? 1 : 2;
  return expect.stringMatching(family === 4 ? `^10\\.244\\.${number}\\.` : `^fd00:${number}:`);
}
