import { TestNetwork } from "@cluster-ipam/allocator/testing";
import { API_PATH, API_VERSION, type IPLeaseSpec, LEASE_RESOURCE } from "@cluster-ipam/api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ApiAnswer } from "./src/api-client.ts";
import { callPlugin } from "./src/cni-call.ts";
import { ControlledCluster } from "./src/controlled-cluster.ts";
import { addCall, delCall, resultOf } from "./src/ipam-calls.ts";
import { kubectl } from "./src/kubectl.ts";
import { setPodCidrs } from "./src/node-objects.ts";
import { addressesOf, type NetworkConfig } from "./src/pod-sandbox.ts";
import { listPools } from "./src/stored-objects.ts";

/** A network for each test, and how many of the first eight addresses of one are handed out. */
const FAMILIES = [
  {
    family: "IPv4",
    edited: new TestNetwork("10.60.1.0/24"),
    reserving: new TestNetwork("10.60.2.0/24"),
    own: new TestNetwork("10.60.3.0/24"),
    capacity: 6,
    /** Other texts for address 2 of the one with a reservation. */
    spellings: ["10.60.2.02", "010.060.002.002"],
    /** Excludes one address three times. */
    inline: { range: "010.060.003.000/29", exclude: ["10.60.3.2", "10.60.3.2/32", "10.60.3.2-10.60.3.2"] },
  },
  {
    family: "IPv6",
    edited: new TestNetwork("fd00:60:1::/64"),
    reserving: new TestNetwork("fd00:60:2::/64"),
    own: new TestNetwork("fd00:60:3::/64"),
    capacity: 7,
    spellings: ["FD00:60:2::2", "fd00:60:2:0:0:0:0:2", "fd00:0060:0002::0002", "fd00:60:2::0.0.0.2"],
    inline: {
      range: "FD00:0060:3:0::/125",
      exclude: ["FD00:60:3::2", "fd00:60:3:0::0002/128", "fd00:60:3::2-FD00:60:3::2"],
    },
  },
] as const;

let cluster: ControlledCluster;

beforeAll(async () => {
  cluster = await ControlledCluster.start({ nodes: ["n1", "n2"] });
});
afterAll(() => cluster?.close());

function networkConfig(name: string, ipam: object = { pool: name }): NetworkConfig {
  return { cniVersion: "1.0.0", name, type: "macvlan", ipam: { type: "cluster-ipam", ...ipam } };
}

/** Makes a lease as a person does, with nothing checked but by the server. */
async function postLease(name: string, spec: Partial<IPLeaseSpec>): Promise<ApiAnswer> {
  const body = JSON.stringify({ apiVersion: API_VERSION, kind: "IPLease", metadata: { name }, spec });
  return await cluster.controlPlane.api.send({ method: "POST", path: `${API_PATH}/${LEASE_RESOURCE}`, body });
}

// Statuses are written once in five seconds, which is what these tests wait for, most of the time.
describe.concurrent.each(FAMILIES)("counts of a pool of $family", (row) => {
  const { edited, reserving, own, capacity, spellings, inline } = row;

  it("what a pool excludes and its gateway are no capacity, and a lease there lies outside from an edit on", async () => {
    const range = { subnet: edited.part(8), gateway: edited.at(1) };
    const name = await cluster.pool({ ranges: [range] });
    await cluster.untilStatus(name, (one) => one.capacity === String(capacity - 1));
    const call = addCall(`${name}-out`, { ...networkConfig(name), runtimeConfig: { ips: [edited.at(2)] } });
    resultOf(await callPlugin(cluster.node("n1").socketPath, call));
    await cluster.untilStatus(name, ({ used }) => used === "1");
    const exclude = [edited.part(2, 2), `${edited.at(3)}-${edited.at(4)}`, edited.at(1), edited.at(0)];
    await cluster.editPool(name, { ranges: [{ ...range, exclude }] });
    const left = String(capacity - 4);
    await cluster.untilStatus(name, (one) => one.capacity === left && one.free === left && one.outside === "1");
    resultOf(await callPlugin(cluster.node("n1").socketPath, delCall(call)));
    const after = await cluster.untilStatus(name, ({ outside }) => outside === "0");
    expect(after).toMatchObject({ capacity: left, used: "0", free: left });
  });

  it("an address that is reserved by hand is counted as such, once, whatever other spellings somebody tries", async () => {
    const name = await cluster.pool({ ranges: [{ subnet: reserving.part(8) }] });
    const reservation = {
      address: reserving.at(2),
      prefixLength: reserving.prefixLength,
      reserved: { reason: "printer" },
    };
    expect(await postLease(reserving.nameAt(2), reservation)).toMatchObject({ status: 201 });
    for (const address of spellings) {
      const refused = await postLease(reserving.nameAt(2), { ...reservation, address });
      expect(refused).toMatchObject({
        status: 422,
        text: expect.stringMatching(/not in canonical form|not an IP address/),
      });
      expect(await postLease(address.toLowerCase().replaceAll(":", "-"), reservation)).toMatchObject({ status: 422 });
    }
    expect(await postLease(reserving.nameAt(2).toUpperCase(), reservation)).not.toMatchObject({ status: 201 });
    await cluster.untilStatus(name, ({ reserved, free }) => reserved === "1" && free === String(capacity - 1));
    const path = `${API_PATH}/${LEASE_RESOURCE}/${reserving.nameAt(2)}`;
    await cluster.controlPlane.api.send({ method: "DELETE", path });
    const after = await cluster.untilStatus(
      name,
      ({ reserved, free }) => reserved === "0" && free === String(capacity),
    );
    expect(after).toMatchObject({ used: "0", kept: "0" });
  });

  it("what an ipam section spells in its own way, and excludes more than once, is counted once", async () => {
    const config = networkConfig(`inline-${capacity}`, inline);
    const call = addCall(`inline-${capacity}`, config);
    const [address = ""] = addressesOf(resultOf(await callPlugin(cluster.node("n1").socketPath, call)));
    expect(own.has(address)).toBe(true);
    const [name = ""] = (await listPools(cluster.controlPlane)).filter((pool) => pool.startsWith(config.name));
    const status = await cluster.untilStatus(name, ({ used }) => used === "1");
    expect(status).toMatchObject({ capacity: String(capacity - 1), free: String(capacity - 2), outside: "0" });
    resultOf(await callPlugin(cluster.node("n1").socketPath, delCall(call)));
  });
});

// Past the exact integers of a double, of int64 and of uint64; each pool in a space of its own, as they hold each other.
describe.concurrent("counts of a large pool", () => {
  it.each([
    { subnet: "fd00:61::/75", exclude: [], capacity: "9007199254740991", free: "9007199254740990" },
    { subnet: "fd00:61::/74", exclude: [], capacity: "18014398509481983", free: "18014398509481982" },
    { subnet: "fd00:61::/65", exclude: [], capacity: "9223372036854775807", free: "9223372036854775806" },
    { subnet: "fd00:61::/64", exclude: [], capacity: "18446744073709551615", free: "18446744073709551614" },
    {
      subnet: "fd00:61::/64",
      exclude: ["fd00:61::/65", "fd00:61::5", "fd00:61:0:0:8000::-fd00:61::8000:0:0:9"],
      capacity: "9223372036854775798",
      free: "9223372036854775797",
    },
    {
      subnet: "2000::/3",
      exclude: [],
      capacity: "42535295865117307932921825928971026431",
      free: "42535295865117307932921825928971026430",
    },
  ])("$subnet less $exclude.length exclusions has $capacity addresses", async ({ subnet, exclude, capacity, free }) => {
    const addressSpace = `size-${capacity}`;
    const name = await cluster.pool({ ranges: [{ subnet, exclude }], addressSpace });
    await cluster.untilStatus(name, (one) => one.capacity === capacity && one.free === capacity);
    const call = addCall(name, networkConfig(name));
    resultOf(await callPlugin(cluster.node("n2").socketPath, call));
    const status = await cluster.untilStatus(name, ({ used }) => used === "1");
    expect(status).toMatchObject({ capacity, free, reserved: "0", kept: "0", outside: "0" });
    const shown = await kubectl(cluster.cluster.run, cluster.controlPlane, ["get", "ippool", name]);
    expect(shown.stdout.split(/\s+/)).toEqual(expect.arrayContaining([subnet, capacity, "1", free]));
    resultOf(await callPlugin(cluster.node("n2").socketPath, delCall(call)));
  });

  it("of both families has the addresses of both", async () => {
    const ranges = [{ subnet: "10.61.0.0/29" }, { subnet: "fd00:62::/64" }];
    const name = await cluster.pool({ ranges });
    const call = addCall(name, networkConfig(name));
    resultOf(await callPlugin(cluster.node("n1").socketPath, call));
    const status = await cluster.untilStatus(name, ({ used }) => used === "2");
    expect(status).toMatchObject({ capacity: "18446744073709551621", free: "18446744073709551619" });
    resultOf(await callPlugin(cluster.node("n1").socketPath, delCall(call)));
  });

  it("of the nodes' own networks has the addresses of all nodes, in both families", async () => {
    const { controlPlane } = cluster;
    const name = await cluster.pool({ ranges: [], source: "NodePodCIDR" });
    await setPodCidrs(controlPlane, "n1", ["10.244.1.0/24"]);
    // 254 addresses, less the bridge's.
    expect(await cluster.untilStatus(name, ({ capacity }) => capacity === "253")).toMatchObject({
      used: "0",
      free: "253",
    });
    await setPodCidrs(controlPlane, "n2", ["fd00:244:2::/64", "10.244.2.0/24"]);
    // And 2^64 less the router's and the bridge's.
    const status = await cluster.untilStatus(name, ({ capacity }) => capacity === "18446744073709552120");
    expect(status).toMatchObject({ used: "0", free: "18446744073709552120" });
  });
});
