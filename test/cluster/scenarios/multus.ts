import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { multusBinary } from "../src/config.ts";
import { addressesOn, Multus, networkAttachment } from "../src/multus.ts";
import { lan } from "../src/networks.ts";
import type { Lease, Pod } from "../src/objects.ts";
import type { Suite } from "../src/suite.ts";
import type { TestNamespace } from "../src/test-namespace.ts";
import { deployment, pod } from "../src/workloads.ts";

const MACVLAN = { type: "macvlan", master: "eth0", mode: "bridge" };

const onNet1 = (found: Pod): string | undefined => addressesOn(found, "net1")[0];

/** Leases of second interfaces: the first ones are of the nodes' own networks. */
async function secondLeases(namespace: TestNamespace): Promise<readonly Lease[]> {
  return (await namespace.leases()).filter(({ spec }) => spec.ifName !== "eth0");
}

/** S1 and S3 to S6 as most people meet them: NetworkAttachmentDefinitions and annotations of pods. */
export function throughMultus(suite: Suite): void {
  const binary = multusBinary();
  const why = binary === "" ? " (skipped: MULTUS_BIN names no binary of it)" : "";
  describe.skipIf(binary === "")(`networks of NetworkAttachmentDefinitions, through Multus${why}`, () => {
    let multus: Multus | undefined;
    beforeAll(async () => {
      multus = await Multus.install(suite.cluster, binary);
    });
    afterAll(async () => {
      await multus?.[Symbol.asyncDispose]();
    });
    scenarios(suite);
  });
}

function scenarios(suite: Suite): void {
  it("S1: with host-local pods on three nodes get one address, with cluster-ipam each its own", async () => {
    const namespace = await suite.namespace("m1");
    for (const type of ["host-local", "cluster-ipam"] as const) {
      const name = `lan-${type}`;
      const network = networkAttachment(name, { name: "macvlan-conf", ...MACVLAN, ipam: lan(type) });
      await namespace.apply(network, deployment({ name, replicas: 3, isSpread: true, attachments: [{ name }] }));
    }
    const files = await namespace.running("lan-host-local", 3);
    expect(new Set(files.map(onNet1))).toEqual(new Set(["172.16.1.200"]));
    const pods = await namespace.running("lan-cluster-ipam", 3);
    await namespace.scale("deployment", "lan-host-local", 0);
    await namespace.running("lan-host-local", 0);
    expect(new Set(pods.map(onNet1)).size).toBe(3);
    expect(await namespace.unreachable(pods, onNet1)).toEqual([]);
    const holders = (await secondLeases(namespace)).map(({ spec }) => [spec.address, spec.pod?.name, spec.ifName]);
    expect(new Set(holders)).toEqual(new Set(pods.map((each) => [onNet1(each), each.metadata.name, "net1"])));
    await namespace.scale("deployment", "lan-cluster-ipam", 0);
    await namespace.untilLeases(0);
  });

  it("S3: the annotation asks for an address, with and without its prefix length", async () => {
    const namespace = await suite.namespace("m3");
    const ipam = {
      type: "cluster-ipam",
      subnet: "172.16.23.0/24",
      rangeStart: "172.16.23.200",
      rangeEnd: "172.16.23.209",
    };
    await namespace.apply(networkAttachment("asked", { ...MACVLAN, capabilities: { ips: true }, ipam }));
    const asking = (name: string, address: string): object =>
      pod({ name, attachments: [{ name: "asked", ips: [address] }] });
    await namespace.apply(asking("plain", "172.16.23.201"), asking("long", "172.16.23.202/24"));
    const [plain] = await namespace.running("plain", 1);
    const [long] = await namespace.running("long", 1);
    expect([plain, long].map((each) => each && onNet1(each))).toEqual(["172.16.23.201", "172.16.23.202"]);
    await namespace.apply(asking("taken", "172.16.23.201"), asking("outside", "172.16.23.99"));
    expect(await namespace.event("taken", /172\.16\.23\.201/)).toContain("m3/plain");
    expect(await namespace.event("outside", /172\.16\.23\.99/)).toContain("172.16.23.200");
    await namespace.clear();
  });

  it("S4: a network twice in one pod, once with an address that is asked for", async () => {
    const namespace = await suite.namespace("m4");
    const ipam = { type: "cluster-ipam", subnet: "172.16.24.0/24" };
    await namespace.apply(networkAttachment("twice", { ...MACVLAN, capabilities: { ips: true }, ipam }));
    const attachments = [{ name: "twice" }, { name: "twice", ips: ["172.16.24.77"] }];
    await namespace.apply(pod({ name: "web", attachments }));
    const [web] = await namespace.running("web", 1);
    const first = web && onNet1(web);
    expect(first).toMatch(/^172\.16\.24\.(?!77$)\d+$/);
    expect(web && addressesOn(web, "net2")).toEqual(["172.16.24.77"]);
    const leases = (await secondLeases(namespace)).map(({ spec }) => [spec.ifName, spec.address]);
    expect(new Set(leases)).toEqual(
      new Set([
        ["net1", first],
        ["net2", "172.16.24.77"],
      ]),
    );
    await namespace.clear();
  });

  it("S5: a conflist of macvlan and tuning, with an address and a hardware address that are asked for", async () => {
    const namespace = await suite.namespace("m5");
    const ipam = { type: "cluster-ipam", subnet: "172.16.25.0/24", gateway: "172.16.25.1" };
    const plugins = [
      { ...MACVLAN, capabilities: { ips: true }, ipam },
      { type: "tuning", capabilities: { mac: true } },
    ];
    await namespace.apply(networkAttachment("chained", { name: "macvlan-conf", plugins }));
    const mac = "02:00:ac:10:19:05";
    await namespace.apply(pod({ name: "web", attachments: [{ name: "chained", ips: ["172.16.25.205"], mac }] }));
    const [web] = await namespace.running("web", 1);
    expect(web && onNet1(web)).toBe("172.16.25.205");
    expect(await namespace.kubectl("exec", "web", "--", "cat", "/sys/class/net/net1/address")).toBe(`${mac}\n`);
    await namespace.clear();
  });

  it("S6: the pod's number counts from the address of the node's kernel command line", async () => {
    const namespace = await suite.namespace("m6");
    const byNumber = networkAttachment("index-1", { ...MACVLAN, ipam: { type: "cluster-ipam", index: 1 } });
    const byName = networkAttachment("index-of-name", {
      ...MACVLAN,
      ipam: { type: "cluster-ipam", index: { base: "cmdline" } },
    });
    const on = (name: string, network: string): object =>
      pod({ name, nodes: ["n2"], attachments: [{ name: network }] });
    await namespace.apply(byNumber, byName, on("web-index3", "index-1"), on("db-index9", "index-of-name"));
    const [web] = await namespace.running("web-index3", 1);
    const [db] = await namespace.running("db-index9", 1);
    expect(web && addressesOn(web, "net1")).toEqual(["172.16.26.33", "fd00:26::33"]);
    expect(db && addressesOn(db, "net1")).toEqual(["172.16.26.41", "fd00:26::41"]);
    await namespace.apply(on("late-index1", "index-of-name"));
    expect(await namespace.event("late-index1", /172\.16\.26\.33/)).toContain("m6/web-index3");
    await namespace.clear();
  });
}
