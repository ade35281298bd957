import { describe, expect, it } from "vitest";
import { useCluster } from "./src/cluster-in-use.ts";
import { type CniCall, type CniOutcome, callPlugin } from "./src/cni-call.ts";
import { addCall, errorOf, resultOf } from "./src/ipam-calls.ts";
import { addressesOf, type NetworkConfig, PodSandbox } from "./src/pod-sandbox.ts";
import type { SimulatedNode } from "./src/simulated-node.ts";
import { leasedAddresses } from "./src/stored-objects.ts";

const LAN = networkOf("gc-lan", "10.34.0.0/24");
const OTHER = networkOf("gc-other", "10.35.0.0/24");

function networkOf(name: string, subnet: string): NetworkConfig {
  return { cniVersion: "1.1.0", name, type: "macvlan", master: "eth1", ipam: { type: "cluster-ipam", subnet } };
}

describe("GC", () => {
  const cluster = useCluster(["n1", "n2"]);

  /** A pod with its address. */
  async function attached(node: SimulatedNode, name: string, config = LAN): Promise<readonly [PodSandbox, string]> {
    const pod = await PodSandbox.create(node, { namespace: "default", name });
    const [address = ""] = addressesOf(await pod.attach(config));
    return [pod, address];
  }

  async function collect(config: NetworkConfig, valid: readonly PodSandbox[] | undefined): Promise<CniOutcome> {
    const attachments = valid?.map(({ containerId }) => ({ containerID: containerId, ifname: "net1" }));
    const list = attachments === undefined ? {} : { "cni.dev/valid-attachments": attachments };
    return await callPlugin(cluster.n1.socketPath, { command: "GC", config: { ...config, ...list } });
  }

  it("releases what is not valid any more and whose sandbox is gone, of its network and its node alone", async () => {
    const [listed, kept] = await attached(cluster.n1, "listed");
    const [gone, released] = await attached(cluster.n1, "gone");
    const [alive, spared] = await attached(cluster.n1, "alive");
    const [elsewhere, remote] = await attached(cluster.n2, "elsewhere");
    const [stranger, foreign] = await attached(cluster.n1, "stranger", OTHER);
    // Nobody sends a DEL for these: the runtime has forgotten them.
    for (const pod of [gone, elsewhere, stranger]) await pod.delete();

    expect(await collect(LAN, [listed])).toMatchObject({ kind: "success", stdout: "" });
    expect(await leasedAddresses(cluster.controlPlane)).toEqual([kept, spared, remote, foreign].toSorted());
    expect(await leasedAddresses(cluster.controlPlane)).not.toContain(released);

    expect(await collect(LAN, [])).toMatchObject({ kind: "success" });
    expect(await leasedAddresses(cluster.controlPlane)).toEqual([kept, spared, remote, foreign].toSorted());

    // A DEL that comes after all releases what is left, and is fine for what is gone.
    for (const pod of [listed, alive]) await pod.detach(LAN);
    for (const [node, pod, config] of [
      [cluster.n1, gone, LAN],
      [cluster.n2, elsewhere, LAN],
      [cluster.n1, stranger, OTHER],
    ] as const) {
      resultOf(await callPlugin(node.socketPath, lateDel(pod, config)));
    }
  });

  it("without a list of valid attachments releases nothing", async () => {
    const [pod, address] = await attached(cluster.n1, "unlisted");
    await pod.delete();
    expect(await collect(LAN, undefined)).toMatchObject({ kind: "success", stdout: "" });
    expect(await leasedAddresses(cluster.controlPlane)).toEqual([address]);
    expect(await collect(LAN, [])).toMatchObject({ kind: "success" });
    expect(await leasedAddresses(cluster.controlPlane)).toEqual([]);
  });

  it("does not exist before cniVersion 1.1.0, and refuses a list that it cannot read", async () => {
    const old = await collect({ ...LAN, cniVersion: "1.0.0" }, []);
    expect(errorOf(old)).toMatchObject({ code: 1, cniVersion: "1.0.0", msg: expect.stringContaining("1.1.0") });
    const config = { ...LAN, "cni.dev/valid-attachments": [{ containerID: "c1" }] };
    const broken = errorOf(await callPlugin(cluster.n1.socketPath, { command: "GC", config }));
    expect(broken).toMatchObject({ code: 7, msg: expect.stringContaining("ifname") });
  });
});

/** The DEL of a pod whose sandbox is gone, as a runtime sends it: without a namespace. */
function lateDel({ containerId, pod }: PodSandbox, config: NetworkConfig): CniCall {
  return addCall(pod.name, config, { command: "DEL", containerId, netns: undefined, pod });
}
