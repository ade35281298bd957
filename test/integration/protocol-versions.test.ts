import { SUPPORTED_VERSIONS } from "@cluster-ipam/cni";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type CniCall, callPlugin } from "./src/cni-call.ts";
import { disableDuplicateDetection, readInterface } from "./src/interface-state.ts";
import { addCall, delCall, errorOf, resultOf } from "./src/ipam-calls.ts";
import { type NetworkConfig, PodSandbox } from "./src/pod-sandbox.ts";
import { SimulatedCluster } from "./src/simulated-cluster.ts";
import type { SimulatedNode } from "./src/simulated-node.ts";
import { leasedAddresses, removeLeases } from "./src/stored-objects.ts";

/** Each range has one address to give, so that the tests can say what comes out. */
const IPAM = {
  type: "cluster-ipam",
  ranges: [
    [{ subnet: "10.30.0.0/24", rangeStart: "10.30.0.5", rangeEnd: "10.30.0.5" }],
    [{ subnet: "fd00:30::/64", rangeStart: "fd00:30::5", rangeEnd: "fd00:30::5", gateway: "fd00:30::1" }],
  ],
  routes: [{ dst: "10.99.0.0/16" }, { dst: "fd00:99::/48", gw: "fd00:30::9" }],
};
const FOUR = { address: "10.30.0.5/24", gateway: "10.30.0.1" };
const SIX = { address: "fd00:30::5/64", gateway: "fd00:30::1" };

function network(cniVersion: string, type: "macvlan" | "bridge" = "macvlan"): NetworkConfig {
  const link = type === "macvlan" ? { master: "eth1" } : { bridge: "cni-versions" };
  return { cniVersion, name: "versions", type, ...link, ipam: IPAM };
}

/** What ADD answers in the form of each version. */
function expectedResult(cniVersion: string): object {
  if (cniVersion < "0.3.0") {
    return {
      cniVersion,
      ip4: { ip: FOUR.address, gateway: FOUR.gateway, routes: [{ dst: "10.99.0.0/16" }] },
      ip6: { ip: SIX.address, gateway: SIX.gateway, routes: [{ dst: "fd00:99::/48", gw: "fd00:30::9" }] },
      dns: {},
    };
  }
  const ips = [FOUR, SIX].map((ip, index) => (cniVersion < "1.0.0" ? { version: index === 0 ? "4" : "6", ...ip } : ip));
  return { cniVersion, ips, routes: IPAM.routes, ...(cniVersion < "1.0.0" && { dns: {} }) };
}

describe("every version of the CNI specification", () => {
  let cluster: SimulatedCluster;
  let node: SimulatedNode;
  let call: (change: CniCall) => ReturnType<typeof callPlugin>;

  beforeAll(async () => {
    cluster = await SimulatedCluster.start({ nodes: ["n1"] });
    await cluster.startAgents();
    node = cluster.node("n1");
    call = (change) => callPlugin(node.socketPath, change);
  });
  afterAll(() => cluster.close());
  afterEach(async () => {
    expect(await removeLeases(cluster.controlPlane)).toEqual([]);
  });

  it("VERSION names all of them", async () => {
    const outcome = await call({ command: "VERSION", config: { cniVersion: "1.0.0" } });
    expect(outcome).toMatchObject({
      kind: "success",
      result: { cniVersion: "1.1.0", supportedVersions: SUPPORTED_VERSIONS },
    });
  });

  it.each(SUPPORTED_VERSIONS)("ADD, CHECK and DEL speak %s", async (cniVersion) => {
    const add = addCall("speaks", network(cniVersion));
    const prevResult = resultOf(await call(add));
    expect(prevResult).toStrictEqual(expectedResult(cniVersion));

    const checked = await call({ ...add, command: "CHECK", config: { ...network(cniVersion), prevResult } });
    if (cniVersion < "0.4.0")
      expect(errorOf(checked)).toMatchObject({ code: 1, msg: expect.stringContaining("CHECK") });
    else expect(checked).toMatchObject({ kind: "success", stdout: "" });

    expect(await call({ ...delCall(add), config: { ...network(cniVersion), prevResult } })).toMatchObject({
      stdout: "",
    });
    expect(await leasedAddresses(cluster.controlPlane)).toEqual([]);
  });

  it("a configuration without cniVersion is answered as 0.1.0", async () => {
    const { cniVersion: _, ...config } = network("0.1.0");
    const add = addCall("undeclared", config);
    expect(resultOf(await call(add))).toStrictEqual(expectedResult("0.1.0"));
    resultOf(await call(delCall(add)));
  });

  it.each(["macvlan", "bridge"] as const)("%s takes our result in every version and configures it", async (type) => {
    for (const cniVersion of SUPPORTED_VERSIONS) {
      const config = network(cniVersion, type);
      const pod = await PodSandbox.create(node, { namespace: "default", name: "speaks" });
      await disableDuplicateDetection(pod.namespace);
      expect(await pod.attach(config), cniVersion).toMatchObject({ cniVersion });
      const { addresses, routes } = await readInterface(pod.namespace, "net1");
      expect(addresses, cniVersion).toEqual([FOUR.address, SIX.address]);
      expect(routes, cniVersion).toEqual(["10.99.0.0/16 via 10.30.0.1", "fd00:99::/48 via fd00:30::9"]);
      await pod.detach(config);
      expect(await leasedAddresses(cluster.controlPlane), cniVersion).toEqual([]);
      await pod.delete();
    }
  });

  it.each(["0.2.0", "0.3.0"])("two addresses of one family are one too many up to 0.2.0: %s", async (cniVersion) => {
    const ranges = [[{ subnet: "10.31.0.0/24" }], [{ subnet: "10.32.0.0/24" }]];
    const add = addCall("two-of-one", { ...network(cniVersion), ipam: { type: "cluster-ipam", ranges } });
    const outcome = await call(add);
    if (cniVersion === "0.3.0") expect(resultOf(outcome).ips).toHaveLength(2);
    else expect(errorOf(outcome)).toMatchObject({ code: 7, msg: expect.stringContaining("set cniVersion to 0.3.0") });
    expect(await leasedAddresses(cluster.controlPlane)).toHaveLength(cniVersion === "0.3.0" ? 2 : 0);
    resultOf(await call(delCall(add)));
  });

  it("CHECK says who holds the address when the lease is gone or another's", async () => {
    const add = addCall("checked", network("1.0.0"));
    const prevResult = resultOf(await call(add));
    const check: CniCall = { ...add, command: "CHECK", config: { ...network("1.0.0"), prevResult } };

    const foreign = { ...prevResult, ips: [{ address: "10.30.0.6/24" }, SIX] };
    const wrong = errorOf(await call({ ...check, config: { ...network("1.0.0"), prevResult: foreign } }));
    expect(wrong).toMatchObject({ code: 106, msg: expect.stringContaining("10.30.0.5") });

    resultOf(await call(delCall(add)));
    const gone = errorOf(await call(check));
    expect(gone).toMatchObject({ code: 106, msg: expect.stringContaining("nobody has a lease for 10.30.0.5") });

    const other = addCall("other", network("1.0.0"));
    resultOf(await call(other));
    const taken = errorOf(await call(check));
    expect(taken).toMatchObject({ code: 106, msg: expect.stringContaining("10.30.0.5 is held by pod default/other") });
    resultOf(await call(delCall(other)));
  });

  it("STATUS is fine while the agent is up, and code 50 says which socket nobody answers on", async () => {
    const status: CniCall = { command: "STATUS", config: network("1.1.0") };
    expect(await call(status)).toMatchObject({ kind: "success", stdout: "" });
    const socketPath = `${node.socketPath}.absent`;
    expect(errorOf(await callPlugin(socketPath, status))).toMatchObject({
      code: 50,
      msg: expect.stringContaining(socketPath),
    });
  });
});
