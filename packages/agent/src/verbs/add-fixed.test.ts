import { beforeEach, describe, expect, test } from "vitest";
import { written } from "../testing/agent-world.ts";
import type { CallFixture } from "../testing/cni-calls.ts";
import { type MemoryWorld, memoryWorld } from "../testing/memory-world.ts";
import { leaseOf, poolOf } from "../testing/objects.ts";

const FAMILIES = [
  ["IPv4", "10.0.0.77", "24"],
  ["IPv6", "fd00::77", "64"],
] as const;

let world: MemoryWorld;

beforeEach(async () => {
  world = memoryWorld();
  world.pools.put(poolOf("lan", ["10.0.0.0/24", "fd00::/64"]));
  await world.load();
});

function asking(address: string): CallFixture {
  return { config: { runtimeConfig: { ips: [address] } } };
}

async function addressesOf(call: CallFixture): Promise<string[]> {
  return (await world.add(call)).ips.map(({ address }) => address);
}

test.each([["10.0.0.77"], [{ ip: "10.0.0.77" }], [7]])("args.cni.ips %j, which is no list, is refused", async (ips) => {
  await expect(world.add({ config: { args: { cni: { ips } } } })).rejects.toMatchObject({
    code: "bad-config",
    message: `args.cni.ips is ${JSON.stringify(ips)}: expected a list of addresses`,
  });
  expect(world.leases.snapshot()).toEqual([]);
});

test.each([[{ Args: { cni: { ips: ["10.0.0.77"] } } }], [{ args: { CNI: { IPs: ["10.0.0.77"] } } }]])(
  "args.cni.ips is read in any letter case, as in %j",
  async (config) => {
    expect(await addressesOf({ config })).toContain("10.0.0.77/24");
  },
);

test.each([
  [{ args: "x" }, 'args is "x": expected an object'],
  [{ args: { cni: [] } }, "args.cni is []: expected an object"],
])("%j, where no address can be read, is refused", async (config, message) => {
  await expect(world.add({ config })).rejects.toMatchObject({ code: "bad-config", message });
});

test("ranges of the runtime are refused, not passed over", async () => {
  const config = { runtimeConfig: { ipRanges: [[{ subnet: "10.2.2.0/24" }]] } };
  await expect(world.add({ config })).rejects.toMatchObject({
    code: "bad-config",
    message: expect.stringMatching(/^runtimeConfig\.ipRanges is not served: write the ranges into ipam\.ranges/),
  });
  expect(await addressesOf({ config: { runtimeConfig: { ipRanges: [] } } })).toHaveLength(2);
});

describe.each(FAMILIES)("a fixed %s address", (_, address, prefixLength) => {
  test.each([
    ["runtimeConfig.ips", asking(address)],
    ["runtimeConfig.ips with a prefix length", asking(`${address}/${prefixLength}`)],
    ["args.cni.ips", { config: { args: { cni: { ips: [address] } } } }],
    ["CNI_ARGS IP", { args: `IP=${address}` }],
    ["two places that say the same", { ...asking(address), args: `IP=${address}` }],
  ])("is given where %s asks for it", async (_place, call) => {
    expect(await addressesOf(call)).toContain(`${address}/${prefixLength}`);
  });

  test("that a pod elsewhere holds is an error that names pod and node", async () => {
    const other = { namespace: "shop", name: "db-0", uid: "u" };
    await written(
      world.leases,
      leaseOf(address, { node: "n2", containerID: "c9", pod: other, holder: "shop/db-0/net1" }),
    );
    await expect(world.add(asking(address))).rejects.toMatchObject({
      code: "address-taken",
      message: `address ${address} is held by pod shop/db-0 (interface net1) on node n2`,
    });
    expect(world.leases.snapshot()).toHaveLength(1);
  });

  test("that is reserved is an error that names the reservation", async () => {
    const { pod: _pod, ...spec } = leaseOf(address).spec;
    const reserved = {
      ...spec,
      node: "",
      containerID: "",
      ifName: "",
      holder: "",
      reserved: { reason: "router" },
    } as const;
    await written(world.leases, { ...leaseOf(address), spec: reserved });
    await expect(world.add(asking(address))).rejects.toMatchObject({
      code: "address-taken",
      message: expect.stringContaining("a reservation (router)"),
    });
  });

  test("is given again by an ADD that follows its DEL", async () => {
    await world.add({ ...asking(address), startedAtNs: 10n });
    await world.del({ startedAtNs: 11n });
    expect(await addressesOf({ ...asking(address), startedAtNs: 12n })).toContain(`${address}/${prefixLength}`);
  });

  test("is given again by an ADD that follows a DEL which the server did not confirm", async () => {
    await world.add({ ...asking(address), startedAtNs: 10n });
    world.leases.faults.failWrites("delete", { kind: "lost" }, { kind: "lost" });
    await world.del({ startedAtNs: 11n });
    expect(world.agent.pending.size).toBe(2);
    expect(await addressesOf({ ...asking(address), startedAtNs: 12n })).toContain(`${address}/${prefixLength}`);
    expect(world.agent.pending.size).toBe(0);
    expect(world.leases.snapshot()).toHaveLength(2);
  });
});

test("a fixed address of one family and any of the other are all or none", async () => {
  await written(world.leases, leaseOf("fd00::77", { node: "n2", containerID: "c9" }));
  await expect(world.add(asking("fd00::77"))).rejects.toMatchObject({ code: "address-taken" });
  expect(world.leases.snapshot().map(({ spec }) => spec.node)).toEqual(["n2"]);
});

test("the same network twice in one pod, one of them fixed, is two addresses", async () => {
  const [fixed] = await addressesOf({ ...asking("10.0.0.77"), ifName: "net1" });
  const [any] = await addressesOf({ ifName: "net2" });
  expect(fixed).toBe("10.0.0.77/24");
  expect(any).not.toBe(fixed);
  await world.del({ ifName: "net1" });
  expect(world.leases.snapshot().every(({ spec }) => spec.ifName === "net2")).toBe(true);
});

test("a fixed address outside every range is an error that lists the ranges", async () => {
  await expect(world.add(asking("10.9.9.9"))).rejects.toMatchObject({
    code: "address-not-in-range",
    message: expect.stringMatching(/10\.9\.9\.9.*10\.0\.0\.0-10\.0\.0\.255.*fd00::/),
  });
  expect(world.leases.snapshot()).toEqual([]);
});

describe("of the pools of each node, that the section names", () => {
  const pools = { ipam: { pools: ["rack-1", "rack-2"] } };

  beforeEach(() => {
    for (const [name, subnet, rack] of [
      ["rack-1", "10.61.1.0/24", "1"],
      ["rack-2", "10.61.2.0/24", "2"],
    ] as const) {
      world.pools.put(poolOf(name, [subnet], { nodeSelector: { matchLabels: { rack } } }));
    }
    world.facts.putNode("n1", { labels: { rack: "2" } });
  });

  test("an address of one that does not serve the node is refused with that pool and its selector", async () => {
    await expect(world.add({ ...asking("10.61.1.20"), ...pools })).rejects.toMatchObject({
      code: "pool-not-allowed",
      message:
        "runtimeConfig.ips[0]: address 10.61.1.20 is of a pool that is not for this pod: pool rack-1 does not serve node n1: " +
        "its spec.nodeSelector wants rack=1, and the node has rack=2: ask for an address of another pool, or run the pod " +
        "where this one serves",
    });
    expect(world.leases.snapshot()).toEqual([]);
  });

  test("an address of none is in no range, and one of the pool that serves the node is given", async () => {
    await expect(world.add({ ...asking("10.61.3.20"), ...pools })).rejects.toMatchObject({
      code: "address-not-in-range",
    });
    expect(await addressesOf({ ...asking("10.61.2.20"), ...pools })).toEqual(["10.61.2.20/24"]);
  });
});
