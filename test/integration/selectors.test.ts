import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type CniCall, callAgent, callPlugin, type Pod } from "./src/cni-call.ts";
import { addCall, delCall, errorOf, resultOf } from "./src/ipam-calls.ts";
import { createNamespace, labelNamespace, labelNode } from "./src/node-objects.ts";
import { addressesOf, type NetworkConfig, PodSandbox } from "./src/pod-sandbox.ts";
import { pingAll } from "./src/reachability.ts";
import { SimulatedCluster } from "./src/simulated-cluster.ts";
import { createPool, listPools, removeLeases } from "./src/stored-objects.ts";
import { waitFor } from "./src/waiting.ts";

/** An agent sees a label at most ten seconds after it has changed; this is for a machine that has much else to do. */
const SEEN_WITHIN_MS = 30_000;

const NETWORK: NetworkConfig = { cniVersion: "1.0.0", name: "lab", type: "macvlan", master: "eth1" };
/** What S9's configuration files on each node become: one for all nodes. */
const PER_NODE: NetworkConfig = { ...NETWORK, ipam: { type: "cluster-ipam", pools: ["n1-pool", "n2-pool"] } };

describe("pools for some nodes and namespaces", () => {
  let cluster: SimulatedCluster;

  beforeAll(async () => {
    cluster = await SimulatedCluster.start();
    const { controlPlane } = cluster;
    for (const name of ["n1", "n2"]) await labelNode(controlPlane, name, { "mlab/type": "physical" });
    await labelNode(controlPlane, "n3", { "mlab/type": "virtual" });
    const subnet = "172.16.1.0/24";
    const ofNode = (name: string) => ({
      nodeSelector: {
        matchLabels: { "kubernetes.io/hostname": name },
        matchExpressions: [{ key: "mlab/type", operator: "In" as const, values: ["physical"] }],
      },
    });
    await createPool(controlPlane, "n1-pool", {
      ranges: [{ subnet, start: "172.16.1.100", end: "172.16.1.149" }],
      ...ofNode("n1"),
    });
    await createPool(controlPlane, "n2-pool", {
      ranges: [{ subnet, start: "172.16.1.150", end: "172.16.1.199" }],
      ...ofNode("n2"),
    });
    await createPool(controlPlane, "team-a", {
      ranges: [{ subnet: "172.16.2.0/24", gateway: "172.16.2.1" }],
      namespaceSelector: { matchLabels: { team: "a" } },
    });
    await createNamespace(controlPlane, "alpha", { team: "a" });
    await createNamespace(controlPlane, "beta", { team: "b" });
    await cluster.startAgents();
  });
  afterAll(() => cluster.close());
  afterEach(async () => {
    expect(await removeLeases(cluster.controlPlane)).toEqual([]);
  });

  it("S9: one network over two nodes, each with the addresses of its own pool; all reach each other", async () => {
    const pods = await Promise.all(
      ["n1", "n2"].flatMap((node) =>
        ["a", "b"].map((name) =>
          PodSandbox.create(cluster.node(node), { namespace: "default", name: `${name}-${node}` }),
        ),
      ),
    );
    const members = [];
    for (const sandbox of pods) {
      const addresses = addressesOf(await sandbox.attach(PER_NODE));
      expect(addresses).toHaveLength(1);
      const last = Number(addresses[0]?.replace("172.16.1.", ""));
      expect(sandbox.node.name === "n1" ? last >= 100 && last <= 149 : last >= 150 && last <= 199).toBe(true);
      members.push({ name: sandbox.pod.name, namespace: sandbox.namespace, addresses });
    }
    expect(await pingAll(cluster.run, members)).toEqual({ sent: 12, failed: [] });
    for (const sandbox of pods) await sandbox.detach(PER_NODE);
  });

  it("S9: a node that takes no part is refused, with every pool of the list, its selector and the node's labels", async () => {
    const { code, msg } = errorOf(await callPlugin(cluster.node("n3").socketPath, addCall("web-0", PER_NODE)));
    expect(code).toBe(105);
    for (const [pool, host] of [
      ["n1-pool", "n1"],
      ["n2-pool", "n2"],
    ]) {
      expect(msg).toContain(
        `pool ${pool} does not serve node n3: its spec.nodeSelector wants kubernetes.io/hostname=${host},` +
          "mlab/type=physical, and the node has kubernetes.io/hostname=n3, mlab/type=virtual",
      );
    }
  });

  it("S9: a label takes effect on new pods, and leaves those that run alone", async () => {
    const node = cluster.node("n2");
    const running = addCall("running", PER_NODE);
    const first = resultOf(await callAgent(node.socketPath, running));
    await labelNode(cluster.controlPlane, "n2", { "mlab/type": "broken" });
    const refused = await untilCode(node.socketPath, addCall("fresh", PER_NODE), 105);
    expect(refused).toContain("mlab/type=broken");
    expect(resultOf(await callAgent(node.socketPath, running))).toEqual(first);
    resultOf(
      await callAgent(node.socketPath, { ...running, command: "CHECK", config: { ...PER_NODE, prevResult: first } }),
    );
    resultOf(await callAgent(node.socketPath, delCall(running)));
    await labelNode(cluster.controlPlane, "n2", { "mlab/type": "physical" });
    await untilCode(node.socketPath, addCall("fresh", PER_NODE), 0);
  });

  it("S9: the network takes the place of ranges in each node's own file, under live pods, and gives nothing twice", async () => {
    const { socketPath } = cluster.node("n1");
    const ranges = { subnet: "172.16.1.0/24", rangeStart: "172.16.1.100", rangeEnd: "172.16.1.149" };
    const ofFile: NetworkConfig = { ...NETWORK, ipam: { type: "cluster-ipam", ...ranges } };
    const old = Array.from({ length: 25 }, (_, index) => addCall(`old-${index}`, ofFile));
    const fresh = Array.from({ length: 25 }, (_, index) => addCall(`new-${index}`, PER_NODE));
    const addresses: string[] = [];
    for (const call of [...old, ...fresh]) addresses.push(...addressesOf(resultOf(await callAgent(socketPath, call))));
    expect(new Set(addresses).size).toBe(50);
    expect(errorOf(await callAgent(socketPath, addCall("one-more", PER_NODE)))).toMatchObject({ code: 101 });
    // The runtime knows the live pods by the network's name alone.
    const repeated = resultOf(await callAgent(socketPath, addCall("old-0", PER_NODE)));
    expect(addressesOf(repeated)).toEqual([addresses[0]]);
    const all = [...old.map((call) => ({ ...call, config: PER_NODE })), ...fresh];
    for (const call of all) resultOf(await callAgent(socketPath, delCall(call)));
  });

  describe("a tenant", () => {
    const alpha: Pod = { namespace: "alpha", name: "web-0", uid: "a" };
    const beta: Pod = { namespace: "beta", name: "web-0", uid: "b" };
    const withIpam = (ipam: Readonly<Record<string, unknown>>): NetworkConfig => ({
      ...NETWORK,
      ipam: { type: "cluster-ipam", ...ipam },
    });

    it.each([
      ["the pool's name", { pool: "team-a" }],
      ["its ranges", { subnet: "172.16.2.0/24", rangeStart: "172.16.2.20" }],
      ["a wider network", { range: "172.16.2.0/23" }],
      ["an address of it", { addresses: [{ address: "172.16.2.20/24" }] }],
      ["its gateway", { addresses: [{ address: "172.16.2.1/24" }] }],
      ["the pod's number on an address", { index: { base: "172.16.2.20/24", pattern: "-([0-9]+)$" } }],
    ])("of another namespace who writes %s is refused, by any other name too", async (_, ipam) => {
      const config = withIpam(ipam);
      const pools = await listPools(cluster.controlPlane);
      const pod = { ...beta, name: "web-7" };
      const { code, msg } = errorOf(await callPlugin(cluster.node("n1").socketPath, addCall("b", config, { pod })));
      expect(code).toBe(105);
      expect(msg).toContain("pool team-a does not serve namespace beta: its spec.namespaceSelector wants team=a");
      expect(msg).toContain("and the namespace has team=b");
      expect(await listPools(cluster.controlPlane)).toEqual(pools);
    });

    it("whom the pool serves may write its ranges, and nobody else gets them by the pool that comes of that", async () => {
      const { socketPath } = cluster.node("n1");
      const config = withIpam({ subnet: "172.16.2.0/24", rangeStart: "172.16.2.20", rangeEnd: "172.16.2.29" });
      const before = await listPools(cluster.controlPlane);
      const call = addCall("a", config, { pod: alpha });
      resultOf(await callAgent(socketPath, call));
      const [made = ""] = (await listPools(cluster.controlPlane)).filter((name) => !before.includes(name));
      const byName = addCall("b", withIpam({ pool: made }), { pod: beta });
      expect(errorOf(await callAgent(socketPath, byName))).toMatchObject({ code: 105 });
      resultOf(await callAgent(socketPath, delCall(call)));
    });

    it("without K8S_POD_NAMESPACE is refused with a sentence", async () => {
      const call = addCall("nobody", withIpam({ pool: "team-a" }), { pod: undefined });
      const { code, msg } = errorOf(await callPlugin(cluster.node("n1").socketPath, call));
      expect([code, msg]).toEqual([105, expect.stringContaining("CNI_ARGS holds no K8S_POD_NAMESPACE")]);
    });

    it("whose namespace gets the label is served, and refused once it is taken away", async () => {
      const { socketPath } = cluster.node("n1");
      await createNamespace(cluster.controlPlane, "gamma");
      const pod = { namespace: "gamma", name: "web-0", uid: "g" };
      const call = addCall("g", withIpam({ pool: "team-a" }), { pod });
      await untilCode(socketPath, call, 105);
      await labelNamespace(cluster.controlPlane, "gamma", { team: "a" });
      await untilCode(socketPath, call, 0);
      await labelNamespace(cluster.controlPlane, "gamma", { team: null });
      expect(await untilCode(socketPath, call, 105)).toContain("no label team");
    });
  });

  it("a pool with selectors costs an ADD nothing but the lease, once node and namespace are known", async () => {
    const { socketPath } = cluster.node("n1");
    const call = (name: string) =>
      addCall(name, { ...NETWORK, ipam: { type: "cluster-ipam", pools: ["n1-pool", "n2-pool"] } });
    const names = Array.from({ length: 20 }, (_, index) => `cost-${index}`);
    resultOf(await callAgent(socketPath, call("warm")));
    const before = await requestsOf("nodes");
    for (const name of names) resultOf(await callAgent(socketPath, call(name)));
    // A read in the background may fall into that time; one a call would be twenty.
    expect((await requestsOf("nodes")) - before).toBeLessThan(names.length / 2);
    for (const name of ["warm", ...names]) resultOf(await callAgent(socketPath, delCall(call(name))));
  });

  async function requestsOf(resource: string): Promise<number> {
    const totals = await cluster.controlPlane.requestTotals();
    return totals.filter((total) => total.resource === resource).reduce((sum, { count }) => sum + count, 0);
  }

  /** Asks for an address, giving each back, until the answer has this code; 0 is success. @returns the message. */
  async function untilCode(socketPath: string, call: CniCall, code: number): Promise<string> {
    const probe = async (): Promise<string | undefined> => {
      const outcome = await callAgent(socketPath, call);
      if (outcome.kind === "success") resultOf(await callAgent(socketPath, delCall(call)));
      const found = outcome.kind === "success" ? { code: 0, msg: "" } : outcome.error;
      return found.code === code ? found.msg : undefined;
    };
    return await waitFor(probe, { what: `code ${code}`, timeoutMs: SEEN_WITHIN_MS, intervalMs: 500 });
  }
});
