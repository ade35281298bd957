import { describe, expect, it } from "vitest";
import { useCluster } from "./src/cluster-in-use.ts";
import { callPlugin } from "./src/cni-call.ts";
import { disableDuplicateDetection, readInterface } from "./src/interface-state.ts";
import { addCall, delCall, errorOf, resultOf } from "./src/ipam-calls.ts";
import { addressesOf, type NetworkConfig, PodSandbox } from "./src/pod-sandbox.ts";
import { pingAll } from "./src/reachability.ts";
import { createPool, deleteLease, leasedAddresses, listLeases } from "./src/stored-objects.ts";

const RANGES = [[{ subnet: "10.10.0.0/24" }], [{ subnet: "fd00:10::/64", gateway: "fd00:10::1" }]];
const ROUTES = [{ dst: "10.99.0.0/16" }, { dst: "fd00:99::/48" }];
const MACVLAN: NetworkConfig = {
  cniVersion: "1.0.0",
  name: "dual-macvlan",
  type: "macvlan",
  master: "eth1",
  ipam: { type: "cluster-ipam", ranges: RANGES, routes: ROUTES },
};
const BRIDGE: NetworkConfig = {
  ...MACVLAN,
  name: "dual-bridge",
  type: "bridge",
  bridge: "cni-dual",
  master: undefined,
};

/** Hands out two IPv4 addresses, and one IPv6 address. */
const SCARCE = [
  [{ subnet: "10.11.0.0/24", rangeStart: "10.11.0.10", rangeEnd: "10.11.0.11" }],
  [{ subnet: "fd00:11::/64", rangeStart: "fd00:11::10", rangeEnd: "fd00:11::10" }],
];

describe("S10: an IPv4 and an IPv6 address for each attachment", () => {
  const cluster = useCluster(["n1", "n2"]);

  it.each([
    { plugin: "macvlan", network: MACVLAN },
    { plugin: "bridge", network: BRIDGE },
  ])("S10: $plugin puts both on the interface, each with the routes of its family", async ({ network }) => {
    const pod = await PodSandbox.create(cluster.n1, { namespace: "default", name: "dual" });
    const result = await pod.attach(network);
    const [four, six, ...more] = result.ips ?? [];
    expect(more).toEqual([]);
    expect(four).toMatchObject({ address: expect.stringMatching(/^10\.10\.0\.\d+\/24$/), gateway: "10.10.0.1" });
    expect(six).toMatchObject({ address: expect.stringMatching(/^fd00:10::.*\/64$/), gateway: "fd00:10::1" });

    const { addresses, routes } = await readInterface(pod.namespace, "net1");
    expect(addresses).toEqual([four?.address, six?.address]);
    expect(routes).toEqual(["10.99.0.0/16 via 10.10.0.1", "fd00:99::/48 via fd00:10::1"]);
    expect(await leasedAddresses(cluster.controlPlane)).toEqual(addressesOf(result).toSorted());
    await pod.check(network);
    await pod.detach(network);
  });

  it("S10: two pods on two nodes reach each other over both", async () => {
    const pods = await Promise.all(
      [cluster.n1, cluster.n2].map((node) =>
        PodSandbox.create(node, { namespace: "default", name: `on-${node.name}` }),
      ),
    );
    for (const { namespace } of pods) await disableDuplicateDetection(namespace);
    const members = await Promise.all(
      pods.map(async (pod) => {
        const addresses = addressesOf(await pod.attach(MACVLAN));
        return { name: pod.pod.name, namespace: pod.namespace, addresses };
      }),
    );
    expect(await pingAll(cluster.run, members)).toEqual({ sent: 4, failed: [] });
    await Promise.all(pods.map((pod) => pod.detach(MACVLAN)));
  });

  it("S10: a pool of both families gives one address of each", async () => {
    const ranges = [{ subnet: "fd00:12::/64" }, { subnet: "10.12.0.0/24" }];
    await createPool(cluster.controlPlane, "both", { ranges });
    const call = addCall("of-a-pool", { cniVersion: "1.0.0", name: "both", ipam: { type: "cluster-ipam" } });
    const addresses = addressesOf(resultOf(await callPlugin(cluster.n1.socketPath, call)));
    expect(addresses).toEqual([expect.stringMatching(/^10\.12\.0\./), expect.stringMatching(/^fd00:12::/)]);
    resultOf(await callPlugin(cluster.n1.socketPath, delCall(call)));
  });

  it.each([
    { full: "the second family", sets: SCARCE, holds: "fd00:11::10" },
    { full: "the first family", sets: SCARCE.toReversed(), holds: "fd00:11::10" },
  ])("S10: with $full full nobody gets half a pair", async ({ full, sets, holds }) => {
    const config = { cniVersion: "1.0.0", name: "scarce", ipam: { type: "cluster-ipam", ranges: sets } };
    const first = addCall(`first ${full}`, config);
    const taken = addressesOf(resultOf(await callPlugin(cluster.n1.socketPath, first)));
    expect(taken).toContain(holds);

    const second = addCall(`second ${full}`, config);
    for (const node of [cluster.n1, cluster.n2]) {
      const { code, msg } = errorOf(await callPlugin(node.socketPath, second));
      expect(code).toBe(101);
      expect(msg).toMatch(/^pool scarce-\w+ is full: 1 used of a capacity of 1 \(fd00:11::10-fd00:11::10/);
      expect(await leasedAddresses(cluster.controlPlane)).toEqual(taken.toSorted());
    }

    resultOf(await callPlugin(cluster.n1.socketPath, delCall(first)));
    expect(addressesOf(resultOf(await callPlugin(cluster.n2.socketPath, second)))).toContain(holds);
    resultOf(await callPlugin(cluster.n2.socketPath, delCall(second)));
  });

  it("S10: an ADD that is repeated answers the same pair, and makes up for the half that is missing", async () => {
    const call = addCall("repeated", MACVLAN);
    const before = resultOf(await callPlugin(cluster.n1.socketPath, call));
    expect(resultOf(await callPlugin(cluster.n1.socketPath, call))).toEqual(before);

    const [four = ""] = addressesOf(before);
    await deleteLease(cluster.controlPlane, four);
    const after = resultOf(await callPlugin(cluster.n1.socketPath, call));
    expect(after.ips).toHaveLength(2);
    expect(after.ips?.[1]).toEqual(before.ips?.[1]);
    const leases = await listLeases(cluster.controlPlane);
    expect(leases.map(({ spec }) => spec.address).toSorted()).toEqual(addressesOf(after).toSorted());
    resultOf(await callPlugin(cluster.n1.socketPath, delCall(call)));
  });
});
