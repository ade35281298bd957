import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type CniCall, callPlugin } from "./src/cni-call.ts";
import { addCall, delCall, errorOf, resultOf } from "./src/ipam-calls.ts";
import { SimulatedCluster } from "./src/simulated-cluster.ts";
import { createPool, leasedAddresses, listPools, removeLeases } from "./src/stored-objects.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What is wrong, an ipam section that has it, and what the message must hold. */
type Row = readonly [what: string, ipam: Fields, ...says: readonly string[]];

const FOUR = { subnet: "10.50.0.0/24" };
const RANGE = { ...FOUR, rangeStart: "10.50.0.10", rangeEnd: "10.50.0.20" };
const SIX = { subnet: "fd00:50::/64" };

function routes(...dsts: readonly string[]): Fields {
  return { ...FOUR, routes: dsts.map((dst) => ({ dst })) };
}

/** Refused with code 7. */
const UNUSABLE: readonly Row[] = [
  ["an unknown key", { ...FOUR, colour: "blue" }, '"colour"', "known keys: type, pool, pools"],
  ["a misspelt key", { ...FOUR, rangeStrat: "10.50.0.10" }, '"rangeStrat"', 'did you mean "rangeStart"?'],
  ["a misspelt key of a range", { ranges: [[{ subnett: "10.50.0.0/24" }]] }, "ipam.ranges[0][0]", '"subnet"?'],
  ["a misspelt key of a route", { ...FOUR, routes: [{ dest: "10.9.0.0/16" }] }, "ipam.routes[0]", '"dst"?'],
  ["no CIDR", { subnet: "10.50.0.0" }, 'ipam.subnet is "10.50.0.0"', "expected a CIDR such as"],
  ["a prefix too long", { subnet: "10.50.0.0/33" }, 'ipam.subnet is "10.50.0.0/33"', "expected a CIDR"],
  ["an IPv6 subnet that is none", { subnet: "fd00:50:::/64" }, 'ipam.subnet is "fd00:50:::/64"', "a CIDR"],
  ["a subnet with host bits", { subnet: "10.50.0.7/24" }, 'ipam.subnet is "10.50.0.7/24"', "host bits: 10.50.0.0/24"],
  ["a subnet that is a number", { subnet: 10 }, "ipam.subnet is 10", "expected a CIDR"],
  ["start after end", { ...RANGE, rangeStart: "10.50.0.30" }, 'ipam.rangeStart is "10.50.0.30"', "10.50.0.20"],
  [
    "IPv6 start after end",
    { ...SIX, rangeStart: "fd00:50::9", rangeEnd: "fd00:50::8" },
    "ipam.rangeStart",
    "fd00:50::8",
  ],
  [
    "a start outside the subnet",
    { ...FOUR, rangeStart: "10.51.0.10" },
    'ipam.rangeStart is "10.51.0.10"',
    "10.50.0.0/24",
  ],
  ["an end outside the subnet", { ...FOUR, rangeEnd: "10.50.1.20" }, 'ipam.rangeEnd is "10.50.1.20"', "10.50.0.0/24"],
  ["a start without a subnet", { rangeStart: "10.50.0.10" }, "ipam.subnet is absent", "expected a CIDR"],
  ["an IPv6 gateway of IPv4", { ...FOUR, gateway: "fd00:50::1" }, 'ipam.gateway is "fd00:50::1"', "an IPv4 address"],
  ["an IPv4 gateway of IPv6", { ...SIX, gateway: "10.50.0.1" }, 'ipam.gateway is "10.50.0.1"', "an IPv6 address"],
  ["a gateway that is no address", { ...FOUR, gateway: "10.50.0.256" }, 'ipam.gateway is "10.50.0.256"'],
  ["both families in one set", { ranges: [[FOUR, SIX]] }, "ipam.ranges[0] mixes IPv4 and IPv6"],
  ["ranges that are no list", { ranges: FOUR }, "ipam.ranges is", "expected lists of ranges"],
  ["a route with host bits", routes("10.9.0.1/16"), "route 10.9.0.1/16 has host bits set", "write 10.9.0.0/16"],
  ["an IPv6 route with host bits", { ...SIX, routes: [{ dst: "fd00:9::1/48" }] }, "fd00:9::1/48 has", "fd00:9::/48"],
  ["a route twice", routes("10.9.0.0/16", "10.9.0.0/16"), "10.9.0.0/16 stands already in ipam.routes[0]"],
  ["a route that is none", routes("elsewhere"), 'route "elsewhere" is not a CIDR'],
  [
    "a route's gateway of IPv6",
    { ...FOUR, routes: [{ dst: "10.9.0.0/16", gw: "fd00::1" }] },
    "gw fd00::1 of route 10.9",
  ],
  ["a pool and ranges", { ...FOUR, pool: "lab" }, "ipam.pool and ipam.subnet both", "keep one"],
  ["a pool that ends before it starts", { pool: "backwards" }, "pool backwards", "10.52.0.20", "10.52.0.10"],
];

/** Refused with code 100. */
const WITHOUT_POOL: readonly Row[] = [
  [
    "a pool that does not exist",
    { pool: "nowhere" },
    'the pool "nowhere", which does not exist',
    'create an IPPool named "nowhere"',
    "kubectl get ippools",
  ],
  ["one of several pools that does not exist", { pools: ["backwards", "nowhere"] }, 'create an IPPool named "nowhere"'],
  ["no pool for the network", {}, 'no pool for network "bad"', 'create an IPPool named "bad"', "ipam.pool"],
];

const CASES = [...UNUSABLE.map((row) => ({ code: 7, row })), ...WITHOUT_POOL.map((row) => ({ code: 100, row }))].map(
  ({ code, row: [what, ipam, ...says] }) => ({ what, code, ipam, says }),
);

describe("an ipam section that cannot be served, through the plugin as runtimes call it", () => {
  let cluster: SimulatedCluster;
  let ask: (call: CniCall) => ReturnType<typeof callPlugin>;

  beforeAll(async () => {
    cluster = await SimulatedCluster.start({ nodes: ["n1"] });
    const ranges = [{ subnet: "10.52.0.0/24", start: "10.52.0.20", end: "10.52.0.10" }];
    await createPool(cluster.controlPlane, "backwards", { ranges });
    await cluster.startAgents();
    ask = (call) => callPlugin(cluster.node("n1").socketPath, call);
  });
  afterAll(() => cluster.close());
  afterEach(async () => {
    expect(await removeLeases(cluster.controlPlane)).toEqual([]);
  });

  it.each(CASES)("$what: code $code, nothing is made, and DEL succeeds", async ({ code, ipam, says }) => {
    const call = addCall("bad-section", network(ipam));
    const error = errorOf(await ask(call));
    expect(error).toMatchObject({ cniVersion: "1.0.0", code });
    for (const text of says) expect(error.msg).toContain(text);
    expect(await leasedAddresses(cluster.controlPlane)).toEqual([]);
    expect(await listPools(cluster.controlPlane)).toEqual(["backwards"]);
    expect(await ask(delCall(call))).toMatchObject({ kind: "success", stdout: "" });
  });

  it.each([
    { family: "IPv6", ipam: routes("10.9.0.0/16", "fd00:9::/48"), dst: "fd00:9::/48" },
    { family: "IPv4", ipam: { ...SIX, routes: [{ dst: "10.9.0.0/16" }] }, dst: "10.9.0.0/16" },
  ])("S11: a route without an $family address: code 7, and nobody gets an address", async ({ family, ipam, dst }) => {
    const call = addCall("bad-route", network(ipam));
    const error = errorOf(await ask(call));
    expect(error).toMatchObject({ code: 7, msg: expect.stringContaining(`route ${dst} needs an ${family} address`) });
    expect(await leasedAddresses(cluster.controlPlane)).toEqual([]);
    expect(await ask(delCall(call))).toMatchObject({ kind: "success", stdout: "" });
  });

  it("DEL releases what ADD took before the section became invalid", async () => {
    const call = addCall("was-good", network(RANGE));
    resultOf(await ask(call));
    const broken = { ...delCall(call), config: network({ colour: "blue" }) };
    expect(await ask(broken)).toMatchObject({ kind: "success", stdout: "" });
    expect(await leasedAddresses(cluster.controlPlane)).toEqual([]);
  });

  it("keys in any letter case are understood, as by Go's decoder", async () => {
    const ipam = { SUBNET: "10.50.0.0/24", rangestart: "10.50.0.10", RangeEnd: "10.50.0.10" };
    const call = addCall("any-case", network(ipam));
    expect(resultOf(await ask(call)).ips).toEqual([{ address: "10.50.0.10/24", gateway: "10.50.0.1" }]);
    resultOf(await ask(delCall(call)));
  });
});

function network(ipam: Fields): Fields {
  return { cniVersion: "1.0.0", name: "bad", type: "macvlan", ipam: { type: "cluster-ipam", ...ipam } };
}
