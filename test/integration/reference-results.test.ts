import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { CNI_PATH, SEARCH_PATH } from "./src/cni-call.ts";
import { disableDuplicateDetection, readInterface, readRoutes, type ShownRoute } from "./src/interface-state.ts";
import { type CniResult, type NetworkConfig, PodSandbox } from "./src/pod-sandbox.ts";
import { SimulatedCluster } from "./src/simulated-cluster.ts";
import type { SimulatedNode } from "./src/simulated-node.ts";
import { leasedAddresses, removeLeases } from "./src/stored-objects.ts";
import { TOOL_FOLDER } from "./src/tools.ts";

type Section = Readonly<Record<string, unknown>>;
type Plugin = Readonly<Record<string, unknown>> & { readonly type: string };

const MACVLAN: Plugin = { type: "macvlan", master: "eth1", mode: "bridge" };
const BRIDGE: Plugin = { type: "bridge", bridge: "cni-ref", isGateway: true };
const PTP: Plugin = { type: "ptp" };
const TUNING: Plugin = { type: "tuning", sysctl: { "net.ipv4.conf.IFNAME.arp_filter": "1" } };

/** Each range has one address to give, so that the two plugins must give the same. */
const FOUR = { subnet: "10.33.0.0/24", rangeStart: "10.33.0.5", rangeEnd: "10.33.0.5" };
const SIX = { subnet: "fd00:33::/64", rangeStart: "fd00:33::5", rangeEnd: "fd00:33::5" };
const BOTH: Section = {
  ranges: [[FOUR], [SIX]],
  routes: [{ dst: "10.99.0.0/16" }, { dst: "10.98.0.0/16", gw: "10.33.0.9" }, { dst: "fd00:99::/48" }],
};

/** One section each for what host-local's users write, gateway rule and routes above all. */
const SECTIONS: readonly (readonly [string, Section])[] = [
  ["no gateway", FOUR],
  ["an empty gateway", { ...FOUR, gateway: "" }],
  ["a gateway", { ...FOUR, gateway: "10.33.0.254" }],
  ["a gateway outside the subnet", { ...SIX, gateway: "fe80::1" }],
  ["a range that begins at the gateway", { ...FOUR, rangeStart: "10.33.0.1", rangeEnd: "10.33.0.2" }],
  ["a range that ends at the gateway", { ...FOUR, rangeEnd: "10.33.0.6", gateway: "10.33.0.6" }],
  ["a subnet with one address to give", { subnet: "10.33.0.0/30" }],
  ["an IPv6 subnet of four addresses", { subnet: "fd00:33::/126", rangeStart: "fd00:33::2", rangeEnd: "fd00:33::2" }],
  ["a range at the top level and one in ranges", { ...FOUR, ranges: [[SIX]] }],
  ["routes with and without a gateway", BOTH],
  ["a default route", { ...FOUR, routes: [{ dst: "0.0.0.0/0" }] }],
  [
    "default routes of both families, one by a gateway",
    { ...BOTH, routes: [{ dst: "0.0.0.0/0", gw: "10.33.0.7" }, { dst: "::/0" }] },
  ],
  ["a route with a metric and an MTU", { ...FOUR, routes: [{ dst: "10.98.0.0/16", mtu: 1400, priority: 50 }] }],
];

/** What a runtime and the kernel have of one attachment, less what differs from one to the next. */
interface Life {
  readonly result: Pick<CniResult, "cniVersion" | "ips" | "routes" | "dns">;
  readonly addresses: readonly string[];
  readonly routes: readonly ShownRoute[];
}

describe("the reference plugins on our results", () => {
  let cluster: SimulatedCluster;
  let node: SimulatedNode;

  beforeAll(async () => {
    cluster = await SimulatedCluster.start({ nodes: ["n1"] });
    await cluster.startAgents();
    node = cluster.node("n1");
  });
  afterAll(() => cluster.close());
  afterEach(async () => {
    expect(await removeLeases(cluster.controlPlane)).toEqual([]);
  });

  /** ADD, CHECK where the version has it, and DEL of one pod. */
  async function live(config: NetworkConfig): Promise<Life> {
    const pod = await PodSandbox.create(node, { namespace: "default", name: "reference" });
    await disableDuplicateDetection(pod.namespace);
    const { interfaces: _, ...result } = await pod.attach(config);
    const { addresses } = await readInterface(pod.namespace, "net1");
    const routes = await readRoutes(pod.namespace);
    if (String(config["cniVersion"]) >= "0.4.0") await pod.check(config);
    await pod.detach(config);
    await expect(readInterface(pod.namespace, "net1")).rejects.toThrow("does not exist");
    await pod.delete();
    return { result, addresses, routes };
  }

  /** Ours, held against host-local's. */
  async function liveAsHostLocal(cniVersion: string, plugins: readonly Plugin[], ipam: Section): Promise<Life> {
    const [main, ...chained] = plugins;
    const under = (type: string): NetworkConfig => {
      return {
        cniVersion,
        name: `reference-${main?.type}`,
        plugins: [{ ...main, ipam: { type, ...ipam } }, ...chained],
      };
    };
    const expected = await live(under("host-local"));
    const life = await live(under("cluster-ipam"));
    expect(life, cniVersion).toEqual(expected);
    return life;
  }

  it.each([
    { what: "macvlan does", plugins: [MACVLAN] },
    { what: "bridge does", plugins: [BRIDGE] },
    { what: "ptp does", plugins: [PTP] },
    { what: "macvlan and tuning do", plugins: [MACVLAN, TUNING] },
    { what: "ptp and tuning do", plugins: [PTP, TUNING] },
  ])("$what the same as on host-local's, in every version that they take", async ({ plugins }) => {
    const versions = await versionsOf(node, plugins);
    expect(versions).toEqual(expect.arrayContaining(["0.3.1", "0.4.0", "1.0.0", "1.1.0"]));
    for (const cniVersion of versions) {
      const { result, addresses, routes } = await liveAsHostLocal(cniVersion, plugins, BOTH);
      expect(result.cniVersion).toBe(cniVersion);
      expect(addresses, cniVersion).toEqual(["10.33.0.5/24", "fd00:33::5/64"]);
      expect(routes, cniVersion).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ dst: "10.99.0.0/16", gateway: "10.33.0.1" }),
          expect.objectContaining({ dst: "10.98.0.0/16", gateway: "10.33.0.9" }),
          expect.objectContaining({ dst: "fd00:99::/48", gateway: "fd00:33::1" }),
        ]),
      );
      expect(defaultsOf(routes), cniVersion).toEqual([]);
    }
  });

  it.each(SECTIONS)("S12: %s: the same addresses, gateway and routes as host-local's", async (_what, ipam) => {
    const { result, addresses, routes } = await liveAsHostLocal("1.1.0", [MACVLAN], ipam);
    expect(addresses.toSorted()).toEqual((result.ips ?? []).map(({ address }) => address).toSorted());
    const written = (ipam["routes"] ?? []) as readonly { readonly dst: string }[];
    expect(defaultsOf(routes)).toHaveLength(written.filter(({ dst }) => dst.endsWith("/0")).length);
  });

  it("S12: resolvConf: bridge hands the same DNS on as with host-local", async () => {
    const resolvConf = join(cluster.run.folder, "reference-resolv.conf");
    await writeFile(
      resolvConf,
      "# a comment\nnameserver 10.33.0.53\nnameserver fd00:33::53\ndomain lab\nsearch lab corp\n",
    );
    const { result } = await liveAsHostLocal("1.0.0", [BRIDGE], { ...FOUR, resolvConf });
    expect(result.dns).toEqual({ nameservers: ["10.33.0.53", "fd00:33::53"], domain: "lab", search: ["lab", "corp"] });
  });

  it("two pods side by side have addresses of their own, and no default route that nobody wrote", async () => {
    const wide = { ...BOTH, ranges: [[{ ...FOUR, rangeEnd: "10.33.0.6" }], [{ ...SIX, rangeEnd: "fd00:33::6" }]] };
    const ipam = { type: "cluster-ipam", ...wide };
    const config: NetworkConfig = { cniVersion: "1.0.0", name: "reference-pair", ...PTP, ipam };
    const pods = await Promise.all(
      ["a", "b"].map((name) => PodSandbox.create(node, { namespace: "default", name: `pair-${name}` })),
    );
    for (const pod of pods) {
      await disableDuplicateDetection(pod.namespace);
      await pod.attach(config);
    }
    const interfaces = await Promise.all(pods.map(({ namespace }) => readInterface(namespace, "net1")));
    const addresses = interfaces.flatMap((found) =>
      found.addresses.map((address) => address.split("/", 1)[0] ?? address),
    );
    expect(addresses.toSorted()).toEqual(await leasedAddresses(cluster.controlPlane));
    expect(new Set(addresses).size).toBe(4);
    for (const { namespace } of pods) expect(defaultsOf(await readRoutes(namespace))).toEqual([]);
    for (const pod of pods) await pod.detach(config);
  });

  it.each([MACVLAN, BRIDGE, PTP])("DEL through $type works stripped to the type, and once more", async (plugin) => {
    const config = { cniVersion: "1.0.0", name: "reference-stripped", ...plugin };
    const pod = await PodSandbox.create(node, { namespace: "default", name: "stripped" });
    await disableDuplicateDetection(pod.namespace);
    await pod.attach({ ...config, ipam: { type: "cluster-ipam", ...BOTH } });
    // As Multus up to 4.3.0 sends it.
    const stripped = { ...config, ipam: { type: "cluster-ipam" } };
    for (const _ of ["first", "again"]) {
      await pod.detach(stripped);
      expect(await leasedAddresses(cluster.controlPlane)).toEqual([]);
      await expect(readInterface(pod.namespace, "net1")).rejects.toThrow("does not exist");
    }
  });

  it.each([MACVLAN, BRIDGE])("STATUS through $type asks us, and says so when no agent answers", async (plugin) => {
    const config = {
      cniVersion: "1.1.0",
      name: "reference-status",
      ...plugin,
      ipam: { type: "cluster-ipam", ...FOUR },
    };
    const status = (socketPath: string): ReturnType<SimulatedNode["execAsRuntime"]> =>
      node.execAsRuntime([join(TOOL_FOLDER, plugin.type)], {
        env: { PATH: SEARCH_PATH, CNI_PATH, CNI_COMMAND: "STATUS", CLUSTER_IPAM_SOCKET: socketPath },
        input: JSON.stringify(config),
      });
    expect(await status(node.socketPath)).toMatchObject({ exitCode: 0, stdout: "" });
    const absent = `${node.socketPath}.absent`;
    const { exitCode, stdout } = await status(absent);
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ code: 50, msg: expect.stringContaining(absent) });
  });
});

/** Those that take what no other route takes. */
function defaultsOf(routes: readonly ShownRoute[]): readonly ShownRoute[] {
  return routes.filter(({ dst }) => dst === "default" || dst.endsWith("/0"));
}

/** The versions that every plugin of a list says it takes. */
async function versionsOf(node: SimulatedNode, plugins: readonly Plugin[]): Promise<readonly string[]> {
  const all = await Promise.all(
    plugins.map(async ({ type }) => {
      const options = { env: { PATH: SEARCH_PATH, CNI_COMMAND: "VERSION" }, input: '{"cniVersion":"1.0.0"}' };
      const { stdout } = await node.execAsRuntime([join(TOOL_FOLDER, type)], options);
      return (JSON.parse(stdout) as { readonly supportedVersions: readonly string[] }).supportedVersions;
    }),
  );
  return (all[0] ?? []).filter((version) => all.every((versions) => versions.includes(version)));
}
