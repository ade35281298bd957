import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type CniCall, callPlugin } from "./src/cni-call.ts";
import { addCall, delCall, errorOf, resultOf } from "./src/ipam-calls.ts";
import { addressesOf } from "./src/pod-sandbox.ts";
import { SimulatedCluster } from "./src/simulated-cluster.ts";
import { leasedAddresses, removeLeases } from "./src/stored-objects.ts";

const IPAM = { type: "cluster-ipam", subnet: "10.50.0.0/24" };
const GOOD = { cniVersion: "1.0.0", name: "bad", type: "macvlan", ipam: IPAM };
const VERSIONS = "0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0";

/** What is wrong, what has it, the error's code, and what its message must hold. */
type Row<T> = readonly [what: string, input: T, code: number, says: readonly string[]];

const CONFIGURATIONS: readonly Row<CniCall["config"]>[] = [
  ["an unknown cniVersion", { ...GOOD, cniVersion: "9.9.9" }, 1, ['"9.9.9"', VERSIONS]],
  ["a cniVersion that is a number", { ...GOOD, cniVersion: 1 }, 1, ["cniVersion 1", VERSIONS]],
  ["no name", { ...GOOD, name: undefined }, 7, ['has no "name"']],
  ["a name that is a path", { ...GOOD, name: "../bad" }, 7, ['"../bad" is not a network name']],
  ["an ipam section that is text", { ...GOOD, ipam: "cluster-ipam" }, 7, ['"ipam" is "cluster-ipam"', "an object"]],
  ["ips that are no list", { ...GOOD, runtimeConfig: { ips: "10.50.0.9" } }, 7, ["runtimeConfig.ips", "a list"]],
  ["nothing", "", 6, ["standard input is empty"]],
  ["a list", "[1]", 6, ["not a JSON object"]],
  ["an end too early", '{"cniVersion":"1.0.0","name":"bad",\n "ipam":{', 6, ["line 2, column 10", "unexpected end"]],
  ["a comma too many", '{"cniVersion":"1.0.0",}', 6, ["line 1, column 23", 'unexpected "}"']],
];

const NOTHING = { containerId: undefined, ifName: undefined, netns: undefined };
const ENVIRONMENTS: readonly Row<Partial<CniCall>>[] = [
  ["no container ID", { containerId: undefined }, 4, ["ADD needs CNI_CONTAINERID in the environment"]],
  ["no interface name", { ifName: undefined }, 4, ["ADD needs CNI_IFNAME in the environment"]],
  ["no namespace", { netns: undefined }, 4, ["ADD needs CNI_NETNS in the environment"]],
  ["none of the three", NOTHING, 4, ["CNI_CONTAINERID, CNI_NETNS, CNI_IFNAME"]],
  ["a container ID that is a path", { containerId: "../etc" }, 4, ['CNI_CONTAINERID "../etc" is malformed']],
  ["an interface name too long", { ifName: "sixteen-letters-" }, 4, ['CNI_IFNAME "sixteen-letters-"', "15 bytes"]],
  ["an unknown command", { command: "ATTACH" as "ADD" }, 4, ['"ATTACH"', "ADD, CHECK, DEL, STATUS, GC, VERSION"]],
];

describe("input that is none, through the plugin as runtimes call it", () => {
  let cluster: SimulatedCluster;
  let ask: (call: CniCall) => ReturnType<typeof callPlugin>;

  beforeAll(async () => {
    cluster = await SimulatedCluster.start({ nodes: ["n1"] });
    await cluster.startAgents();
    ask = (call) => callPlugin(cluster.node("n1").socketPath, call);
  });
  afterAll(() => cluster.close());
  afterEach(async () => {
    expect(await removeLeases(cluster.controlPlane)).toEqual([]);
  });

  it.each(CONFIGURATIONS)("standard input holds %s: refused, and DEL succeeds", async (_what, config, code, says) => {
    const call = addCall("bad-input", config);
    const error = errorOf(await ask(call));
    expect(error.code).toBe(code);
    for (const text of says) expect(error.msg).toContain(text);
    expect(await ask(delCall(call))).toMatchObject({ kind: "success", stdout: "" });
  });

  it.each(ENVIRONMENTS)("the environment holds %s: refused", async (_what, change, code, says) => {
    const error = errorOf(await ask(addCall("bad-environment", GOOD, change)));
    expect(error.code).toBe(code);
    for (const text of says) expect(error.msg).toContain(text);
  });

  it("a DEL that does not name its attachment is refused with code 4", async () => {
    const call = delCall(addCall("nameless", GOOD, { containerId: undefined }));
    expect(errorOf(await ask(call))).toMatchObject({ code: 4, msg: expect.stringContaining("CNI_CONTAINERID") });
  });

  it.each([
    { what: "an input that ends too early", config: '{"cniVersion":"1.0.0","na' },
    { what: "no input", config: "" },
    { what: "an unknown cniVersion", config: { ...GOOD, cniVersion: "9.9.9" } },
    { what: "no ipam section", config: { ...GOOD, ipam: undefined } },
  ])("DEL releases what ADD took with $what, and leaves the pod's other interface alone", async ({ config }) => {
    const gone = addCall("was-good", GOOD);
    const kept = { ...gone, ifName: "net2" };
    resultOf(await ask(gone));
    const result = resultOf(await ask(kept));
    expect(await ask({ ...delCall(gone), config })).toMatchObject({ kind: "success", stdout: "" });
    expect(await leasedAddresses(cluster.controlPlane)).toEqual(addressesOf(result));
    resultOf(await ask(delCall(kept)));
  });
});
