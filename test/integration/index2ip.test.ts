import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { callPlugin } from "./src/cni-call.ts";
import { readInterface } from "./src/interface-state.ts";
import { addCall, delCall, errorOf, resultOf } from "./src/ipam-calls.ts";
import { addressesOf, type NetworkConfig, PodSandbox } from "./src/pod-sandbox.ts";
import { SimulatedCluster } from "./src/simulated-cluster.ts";
import type { SimulatedNode } from "./src/simulated-node.ts";
import { leasedAddresses, listLeases, listPools, removeLeases } from "./src/stored-objects.ts";

const IPV4 = "epoxy.ipv4=4.14.159.112/26,4.14.159.65,8.8.8.8,8.8.4.4";
const IPV6 = "epoxy.ipv6=2001:1900:2100:2d::112/64,2001:1900:2100:2d::1,2001:4860:4860::8888,2001:4860:4860::8844";

function network(index?: unknown): NetworkConfig {
  const ipam = { type: "cluster-ipam", index };
  return { cniVersion: "0.3.1", name: "index-1", type: "macvlan", master: "eth1", ipam };
}

describe("S6: addresses by index2ip's rules, from the node's kernel command line", () => {
  let cluster: SimulatedCluster;
  let n1: SimulatedNode;
  let n2: SimulatedNode;
  let commandLine: string;

  beforeAll(async () => {
    cluster = await SimulatedCluster.start({ isGuarded: true, nodes: ["n1", "n2"] });
    [n1, n2] = [cluster.node("n1"), cluster.node("n2")];
    commandLine = join(cluster.run.folder, "cmdline");
    await cluster.startAgents({ flags: [`--kernel-cmdline=${commandLine}`] });
  });
  beforeEach(() => writeFile(commandLine, `BOOT_IMAGE=/vmlinuz ${IPV4} ${IPV6} quiet\n`));
  afterAll(() => cluster.close());
  afterEach(async () => {
    expect(await removeLeases(cluster.controlPlane)).toEqual([]);
  });

  it("S6: macvlan gets both addresses, the gateways and the default routes; each address is a lease of no pool", async () => {
    const pod = await PodSandbox.create(n1, { namespace: "default", name: "ndt-index3-x" });
    const config = network({ base: "cmdline" });
    const result = await pod.attach(config);
    expect(result.ips).toMatchObject([
      { address: "4.14.159.115/26", gateway: "4.14.159.65" },
      { address: "2001:1900:2100:2d::115/64", gateway: "2001:1900:2100:2d::1" },
    ]);
    const { addresses } = await readInterface(pod.namespace, "net1");
    expect(addresses).toEqual(expect.arrayContaining(["4.14.159.115/26", "2001:1900:2100:2d::115/64"]));
    expect(await leasedAddresses(cluster.controlPlane)).toEqual(["2001:1900:2100:2d::115", "4.14.159.115"]);
    expect((await listLeases(cluster.controlPlane)).map(({ spec }) => spec.pool)).toEqual(["", ""]);
    expect(await listPools(cluster.controlPlane)).toEqual([]);
    await pod.detach(config);
  });

  it("S6: ipam.index wins over the name, and DNS and routes come from the same line", async () => {
    const call = addCall("ndt-index3-x", network(1));
    const result = resultOf(await callPlugin(n1.socketPath, call));
    expect(addressesOf(result)).toEqual(["4.14.159.113", "2001:1900:2100:2d::113"]);
    expect(result).toMatchObject({
      routes: [
        { dst: "0.0.0.0/0", gw: "4.14.159.65" },
        { dst: "::/0", gw: "2001:1900:2100:2d::1" },
      ],
      dns: { nameservers: ["8.8.8.8", "8.8.4.4", "2001:4860:4860::8888", "2001:4860:4860::8844"] },
    });
    resultOf(await callPlugin(n1.socketPath, delCall(call)));
  });

  it("S6: a second holder is refused on whatever node, and keeps neither address", async () => {
    const holder = addCall("first", network(7));
    resultOf(await callPlugin(n1.socketPath, holder));
    const second = addCall("second", network(7));
    const error = errorOf(await callPlugin(n2.socketPath, second));
    expect(error).toMatchObject({
      code: 102,
      msg: expect.stringContaining("4.14.159.119 is held by pod default/first (interface net1) on node n1"),
    });
    expect(await listLeases(cluster.controlPlane)).toHaveLength(2);
    // As Multus strips it.
    resultOf(
      await callPlugin(n1.socketPath, delCall({ ...holder, config: { ...network(), ipam: { type: "cluster-ipam" } } })),
    );
  });

  it("S6: without epoxy.ipv6 it is IPv4 alone; the file is read at each call", async () => {
    await writeFile(commandLine, `${IPV4}\n`);
    const call = addCall("ndt-index3-x", network({ base: "cmdline" }));
    expect(addressesOf(resultOf(await callPlugin(n1.socketPath, call)))).toEqual(["4.14.159.115"]);
    resultOf(await callPlugin(n1.socketPath, delCall(call)));
  });

  it.each([
    { what: "without epoxy.ipv4", line: IPV6, index: 1, code: 7, says: "epoxy.ipv4" },
    { what: "of three fields", line: IPV4.replace(",8.8.4.4", ""), index: 1, code: 7, says: "epoxy.ipv4" },
    { what: "whose octet is passed", line: IPV4, index: 144, code: 104, says: "144" },
    { what: "and number 0", line: IPV4, index: 0, code: 104, says: "0" },
    { what: "and a name without a number", line: IPV4, index: { base: "cmdline" }, code: 104, says: "nothing-here" },
  ])("S6: a command line $what is an error that says so, and nothing is taken", async ({ line, index, code, says }) => {
    await writeFile(commandLine, `${line}\n`);
    const error = errorOf(await callPlugin(n1.socketPath, addCall("nothing-here", network(index))));
    expect(error).toMatchObject({ code, msg: expect.stringContaining(says) });
    expect(await listLeases(cluster.controlPlane)).toEqual([]);
  });
});
