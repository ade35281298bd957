import { describe, expect, it } from "vitest";
import { useCluster } from "./src/cluster-in-use.ts";
import { callPlugin } from "./src/cni-call.ts";
import { readInterface } from "./src/interface-state.ts";
import { addCall, delCall, errorOf, resultOf } from "./src/ipam-calls.ts";
import { addressesOf, type NetworkConfig, PodSandbox } from "./src/pod-sandbox.ts";
import { leasedAddresses, listLeases, removeLeases } from "./src/stored-objects.ts";

/** A list as users have it: the address is chosen by us, the MAC address is set by another plugin behind us. */
const MACVLAN_AND_TUNING = JSON.parse(`
{"cniVersion":"0.3.1","name":"macvlan-conf","plugins":[
 {"type":"macvlan","master":"eth1","capabilities":{"ips":true},"ipam":{"type":"cluster-ipam","subnet":"172.16.1.0/24","rangeStart":"172.16.1.200","rangeEnd":"172.16.1.246","gateway":"172.16.1.1"}},
 {"type":"tuning","capabilities":{"mac":true}}]}
`) as NetworkConfig & { readonly plugins: readonly Readonly<Record<string, unknown>>[] };

const IPAM = { type: "cluster-ipam", subnet: "172.16.2.0/24", rangeStart: "172.16.2.10", rangeEnd: "172.16.2.20" };
const NETWORK: NetworkConfig = { cniVersion: "1.0.0", name: "chained", type: "macvlan", master: "eth1", ipam: IPAM };

describe("networks of more than one plugin", () => {
  const cluster = useCluster(["n1"]);

  it.each(["0.3.1", "1.0.0"])(
    "S5: macvlan with tuning gets address and MAC as asked, cniVersion %s",
    async (version) => {
      const network = { ...MACVLAN_AND_TUNING, cniVersion: version };
      const asked = { capabilityArgs: { ips: ["172.16.1.201"], mac: "02:00:5e:10:00:01" } };
      const pod = await PodSandbox.create(cluster.n1, { namespace: "default", name: "tuned" });

      const result = await pod.attach(network, asked);
      expect(result).toMatchObject({
        cniVersion: version,
        interfaces: [{ name: "net1", mac: "02:00:5e:10:00:01", sandbox: pod.namespace.path }],
        ips: [{ address: "172.16.1.201/24", gateway: "172.16.1.1", interface: 0 }],
      });
      const state = await readInterface(pod.namespace, "net1");
      expect(state).toMatchObject({ mac: "02:00:5e:10:00:01", addresses: ["172.16.1.201/24"] });

      await pod.detach(network, asked);
      await expect(readInterface(pod.namespace, "net1")).rejects.toThrow("does not exist");
    },
  );

  it("S5: CHECK of the whole list passes from cniVersion 0.4.0, and fails once the lease is gone", async () => {
    const network = { ...MACVLAN_AND_TUNING, cniVersion: "1.0.0" };
    const pod = await PodSandbox.create(cluster.n1, { namespace: "default", name: "checked" });
    const [address] = addressesOf(await pod.attach(network));
    await pod.check(network);

    await removeLeases(cluster.controlPlane);
    await expect(pod.check(network)).rejects.toThrow(`nobody has a lease for ${address}`);
    await pod.detach(network);
  });

  it("S17: behind a plugin that has a result already, macvlan gets our address and no other", async () => {
    const front = { type: "static", ipam: { type: "static", addresses: [{ address: "192.0.2.7/24" }] } };
    const { cniVersion, name, ...macvlan } = NETWORK;
    const network = { cniVersion, name, plugins: [front, macvlan] };
    const pod = await PodSandbox.create(cluster.n1, { namespace: "default", name: "chained" });

    const result = await pod.attach(network);
    const { addresses } = await readInterface(pod.namespace, "net1");
    expect(addresses).toEqual([expect.stringMatching(/^172\.16\.2\.1\d\/24$/)]);
    expect(result.ips?.map(({ address }) => address)).toEqual(addresses);
    await pod.detach(network);
  });

  it.each(["0.2.0", "0.3.1", "1.1.0"])("S17: ADD passes over a prevResult of cniVersion %s", async (cniVersion) => {
    const isOld = cniVersion === "0.2.0";
    const prevResult = isOld
      ? { cniVersion, ip4: { ip: "172.16.2.11/24" } }
      : { cniVersion, ips: [{ version: "4", address: "172.16.2.11/24" }], interfaces: [{ name: "net1" }] };
    const call = addCall("has-a-result", { ...NETWORK, cniVersion, prevResult });
    resultOf(await callPlugin(cluster.n1.socketPath, call));
    expect(await leasedAddresses(cluster.controlPlane)).toHaveLength(1);
    resultOf(await callPlugin(cluster.n1.socketPath, delCall(call)));
  });

  it("S17: CNI_ARGS with strangers are fine with IgnoreUnknown, which cnitool's callers send", async () => {
    const pod = await PodSandbox.create(cluster.n1, { namespace: "prod", name: "web-0" });
    const args = { K8S_POD_INFRA_CONTAINER_ID: "c0ffee", VENDOR_COLOUR: "blue", GATEWAY: "172.16.2.1" };
    await pod.attach(NETWORK, { args });
    const [lease] = await listLeases(cluster.controlPlane);
    expect(lease?.spec).toMatchObject({ pod: pod.pod, holder: "prod/web-0/net1", containerID: pod.containerId });
    await pod.detach(NETWORK, { args });
  });

  it("S17: without IgnoreUnknown a stranger in CNI_ARGS is refused by name, and DEL still works", async () => {
    const call = addCall("strict", NETWORK, { pod: undefined, args: { IgnoreUnknown: "0", VENDOR_COLOUR: "blue" } });
    const error = errorOf(await callPlugin(cluster.n1.socketPath, call));
    expect(error).toMatchObject({ code: 4, msg: expect.stringContaining("VENDOR_COLOUR") });
    resultOf(await callPlugin(cluster.n1.socketPath, delCall(call)));
  });

  it("S17: a runtime that names no pod gets an address, and the lease names the container", async () => {
    const call = addCall("podman", NETWORK, { pod: undefined });
    resultOf(await callPlugin(cluster.n1.socketPath, call));
    const [lease] = await listLeases(cluster.controlPlane);
    expect(lease?.spec).toMatchObject({ holder: "", containerID: call.containerId, ifName: "net1", node: "n1" });
    resultOf(await callPlugin(cluster.n1.socketPath, delCall(call)));
  });

  it("S17: DEL with a bare ipam section, without prevResult, namespace or pod releases what ADD took", async () => {
    const call = addCall("stripped", NETWORK);
    resultOf(await callPlugin(cluster.n1.socketPath, call));
    const config = { cniVersion: "1.0.0", name: "chained", type: "macvlan", ipam: { type: "cluster-ipam" } };
    const stripped = { ...delCall(call), config, netns: undefined, pod: undefined };
    resultOf(await callPlugin(cluster.n1.socketPath, stripped));
    expect(await leasedAddresses(cluster.controlPlane)).toEqual([]);
    // A runtime repeats it, and sends it for what never was.
    resultOf(await callPlugin(cluster.n1.socketPath, stripped));
    resultOf(await callPlugin(cluster.n1.socketPath, delCall(addCall("never-was", NETWORK))));
  });
});
