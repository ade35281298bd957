import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type CniCall, callAgent, callPlugin } from "./src/cni-call.ts";
import { readInterface } from "./src/interface-state.ts";
import { addCall, delCall, errorOf, resultOf } from "./src/ipam-calls.ts";
import { addressesOf, type CniResult, type NetworkConfig, PodSandbox } from "./src/pod-sandbox.ts";
import { editPool, untilPoolsAreForgotten } from "./src/pool-edits.ts";
import { SimulatedCluster } from "./src/simulated-cluster.ts";
import type { SimulatedNode } from "./src/simulated-node.ts";
import { createPool, deletePool, leasedAddresses, removeLeases } from "./src/stored-objects.ts";

type PoolSpec = Parameters<typeof createPool>[2];

/** An edit of a pool that hands out addresses of `net` from .150 on; the pod that it has is web-0, the next one web-1. */
interface Edit {
  readonly what: string;
  /** The specification after it; undefined for a pool that is deleted. */
  readonly after: (net: string) => PoolSpec | undefined;
  /** Deleted before, and made again. */
  readonly isMadeAgain?: true;
  /** What the next pod gets: an address that begins like this, or an error of this code. */
  readonly next: (net: string) => string | number;
}

function rangeOf(net: string): PoolSpec["ranges"][number] {
  return { subnet: `${net}.0/24`, start: `${net}.150`, end: `${net}.159`, gateway: `${net}.1` };
}

const EDITS: readonly Edit[] = [
  {
    what: "moved ranges",
    after: (net) => ({ ranges: [{ ...rangeOf(net), start: `${net}.20`, end: `${net}.29` }] }),
    next: (net) => `${net}.2`,
  },
  {
    what: "all excluded that it has given",
    after: (net) => ({ ranges: [{ ...rangeOf(net), start: `${net}.145`, exclude: [`${net}.150-${net}.159`] }] }),
    next: (net) => `${net}.14`,
  },
  {
    what: "another subnet and gateway",
    after: (net) => {
      const other = net.replace("10.71", "10.72");
      return { ranges: [{ subnet: `${other}.0/25`, start: `${other}.100`, gateway: `${other}.9` }] };
    },
    next: (net) => `${net.replace("10.71", "10.72")}.1`,
  },
  { what: "IPv6 alone", after: () => ({ ranges: [{ subnet: "fd71::/64" }] }), next: () => "fd71::" },
  {
    what: "strategy Index further on",
    after: (net) => ({ ranges: [{ ...rangeOf(net), start: `${net}.158` }], strategy: "Index" }),
    next: (net) => `${net}.159`,
  },
  {
    what: "strategy Index past its pods",
    after: (net) => ({ ranges: [{ ...rangeOf(net), start: `${net}.159` }], strategy: "Index" }),
    next: () => 104,
  },
  {
    what: "a range that ends before it starts",
    after: (net) => ({ ranges: [{ ...rangeOf(net), end: `${net}.149` }] }),
    next: () => 7,
  },
  { what: "nothing, by a delete", after: () => undefined, next: () => 100 },
  {
    what: "another pool of the same name",
    after: () => ({ ranges: [{ subnet: "10.73.0.0/25" }], addressSpace: "blue" }),
    isMadeAgain: true,
    next: () => "10.73.0.",
  },
];

const ROWS = EDITS.map((edit, index) => ({ ...edit, name: `edited-${index}`, net: `10.71.${index}` }));

describe("pools and networks that are edited under running pods", () => {
  let cluster: SimulatedCluster;
  let n1: SimulatedNode;
  let n2: SimulatedNode;
  const pods = new Map<string, { readonly pod: PodSandbox; readonly result: CniResult }>();

  beforeAll(async () => {
    cluster = await SimulatedCluster.start({ isGuarded: true, nodes: ["n1", "n2"] });
    [n1, n2] = [cluster.node("n1"), cluster.node("n2")];
    await cluster.startAgents();
    for (const { name, net } of ROWS) {
      await createPool(cluster.controlPlane, name, { ranges: [rangeOf(net)] });
      const pod = await PodSandbox.create(n1, { namespace: "default", name: "web-0" });
      pods.set(name, { pod, result: await pod.attach(network(name)) });
      // The other node's agent knows the pool of before, too.
      const other = addCall("web-9", network(name));
      resultOf(await callAgent(n2.socketPath, other));
      resultOf(await callAgent(n2.socketPath, delCall(other)));
    }
    for (const { name, net, after, isMadeAgain } of ROWS) {
      const spec = after(net);
      if (spec === undefined || isMadeAgain) await deletePool(cluster.controlPlane, name);
      if (spec !== undefined && isMadeAgain) await createPool(cluster.controlPlane, name, spec);
      if (spec !== undefined && !isMadeAgain) await editPool(cluster.controlPlane, name, spec);
    }
    await untilPoolsAreForgotten();
  });
  afterAll(() => cluster.close());

  it.each(ROWS)("a pod keeps what it has after an edit to $what; the next one gets what is new", async (row) => {
    const running = pods.get(row.name);
    if (running === undefined) throw new Error(`${row.name} has no pod`);
    const { pod, result } = running;
    const config = network(row.name);
    await pod.check(config);
    const [ip] = result.ips ?? [];
    const repeated = resultOf(await callPlugin(n1.socketPath, addOf(pod, config)));
    expect(repeated.ips?.[0]).toEqual({ address: ip?.address, gateway: ip?.gateway });
    expect((await readInterface(pod.namespace, "net1")).addresses).toContain(ip?.address);

    const next = addCall("web-1", config);
    for (const { socketPath } of [n1, n2]) {
      const outcome = await callPlugin(socketPath, next);
      const expected = row.next(row.net);
      if (typeof expected === "number") expect(errorOf(outcome).code).toBe(expected);
      else expect(addressesOf(resultOf(outcome))[0]?.startsWith(expected)).toBe(true);
      resultOf(await callPlugin(socketPath, delCall(next)));
    }
  });

  it("the DEL of each of them leaves no lease", async () => {
    for (const [name, { pod }] of pods) await pod.detach(network(name));
    expect(await leasedAddresses(cluster.controlPlane)).toEqual([]);
  });

  describe("networks with ranges of their own", () => {
    afterEach(async () => {
      expect(await removeLeases(cluster.controlPlane)).toEqual([]);
    });

    it("a full whereabouts network that grows from /26 to /24 serves at once, and no address twice", async () => {
      const small = whereabouts("10.74.0.0/26");
      const grown = whereabouts("10.74.0.0/24");
      const living = await PodSandbox.create(n1, { namespace: "default", name: "lives-on" });
      const before = await living.attach(small);
      const old = await addAll(61, "old", small);
      expect(errorOf(await callAgent(n2.socketPath, addCall("one-too-many", small))).code).toBe(101);

      const added = await addAll(100, "new", grown);
      const addresses = [...addressesOf(before), ...old.addresses, ...added.addresses];
      expect(new Set(addresses).size).toBe(162);
      expect(await leasedAddresses(cluster.controlPlane)).toEqual(addresses.toSorted());

      const repeated = resultOf(await callPlugin(n1.socketPath, addOf(living, grown)));
      expect(repeated.ips?.map(({ address }) => address)).toEqual(before.ips?.map(({ address }) => address));
      await living.check(small);
      for (const { node, call } of [...old.calls, ...added.calls]) {
        resultOf(await callAgent(node.socketPath, { ...delCall(call), config: grown }));
      }
      await living.detach(grown);
    });

    it("S9: one network for all nodes replaces files with ranges of each node under their pods, and no address is given twice", async () => {
      const ofNode = { n1: hostLocal(100, 149), n2: hostLocal(150, 199) };
      const ofAll = hostLocal(100, 199);
      const living = [];
      for (const node of [n1, n2]) {
        for (const suffix of ["a", "b"]) {
          const pod = await PodSandbox.create(node, { namespace: "default", name: `${node.name}-${suffix}` });
          living.push({ pod, result: await pod.attach(ofNode[node.name as "n1" | "n2"]) });
        }
      }
      const added = await addAll(96, "later", ofAll);
      const addresses = [...living.flatMap(({ result }) => addressesOf(result)), ...added.addresses];
      const expected = Array.from({ length: 100 }, (_, index) => `10.75.0.${100 + index}`);
      expect(addresses.toSorted()).toEqual(expected.toSorted());
      expect(errorOf(await callAgent(n1.socketPath, addCall("one-too-many", ofAll))).code).toBe(101);

      for (const { pod, result } of living) {
        const repeated = resultOf(await callPlugin(pod.node.socketPath, addOf(pod, ofAll)));
        expect(addressesOf(repeated)).toEqual(addressesOf(result));
        await pod.detach(ofAll);
      }
      for (const { node, call } of added.calls) resultOf(await callAgent(node.socketPath, delCall(call)));
    });
  });

  /** ADDs of so many pods, on one node and the other in turns, eight at a time. */
  async function addAll(count: number, name: string, config: NetworkConfig) {
    const calls = Array.from({ length: count }, (_, index) => ({
      node: index % 2 === 0 ? n1 : n2,
      call: addCall(`${name}-${index}`, config),
    }));
    const addresses: string[] = [];
    const left = [...calls];
    const worker = async (): Promise<void> => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) {
        addresses.push(...addressesOf(resultOf(await callAgent(next.node.socketPath, next.call))));
      }
    };
    await Promise.all(Array.from({ length: 8 }, worker));
    return { calls, addresses };
  }
});

/** The ADD of a pod once more, as macvlan makes it. */
function addOf(pod: PodSandbox, config: NetworkConfig): CniCall {
  const { containerId, namespace } = pod;
  return { command: "ADD", containerId, netns: namespace.path, ifName: "net1", pod: pod.pod, config };
}

function network(name: string, ipam: Readonly<Record<string, unknown>> = {}): NetworkConfig {
  return { cniVersion: "1.0.0", name, type: "macvlan", master: "eth1", ipam: { type: "cluster-ipam", ...ipam } };
}

function whereabouts(range: string): NetworkConfig {
  return network("grows", { range });
}

function hostLocal(first: number, last: number): NetworkConfig {
  const [rangeStart, rangeEnd] = [first, last].map((host) => `10.75.0.${host}`);
  return network("macvlan-conf", { subnet: "10.75.0.0/24", rangeStart, rangeEnd });
}
