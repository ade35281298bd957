import { beforeEach, describe, expect, test } from "vitest";
import { written } from "../testing/agent-world.ts";
import type { CallFixture } from "../testing/cni-calls.ts";
import { type MemoryWorld, memoryWorld } from "../testing/memory-world.ts";
import { leaseOf, poolOf } from "../testing/objects.ts";

const SUBNETS = ["10.0.0.0/24", "fd00::/64"];
const INLINE = { subnet: "172.16.1.0/24", rangeStart: "172.16.1.200", rangeEnd: "172.16.1.209" };

let world: MemoryWorld;

beforeEach(async () => {
  world = makeWorld();
  await world.load();
});

function makeWorld(): MemoryWorld {
  return memoryWorld({
    nodeAddresses: ["10.0.0.100/24", "fd00::100/64"],
  });
}

/** A call for pod `name`, in a sandbox of its own. */
function of(name: string, sandbox = "1", call: CallFixture = {}): CallFixture {
  return { containerId: `${name}-${sandbox}`, pod: { namespace: "shop", name, uid: `uid-${name}` }, ...call };
}

async function addressesOf(call: CallFixture): Promise<string[]> {
  return (await world.add(call)).ips.map(({ address }) => address);
}

describe("a pool of strategy Index", () => {
  beforeEach(() => {
    world.pools.put(poolOf("lan", SUBNETS, { strategy: "Index" }));
  });

  test("gives each pod of a StatefulSet start plus its number, of every family, for one write each", async () => {
    for (const name of ["web-2", "web-0", "web-1"]) {
      const last = Number(name.slice(-1)) + 1;
      expect(await addressesOf(of(name))).toEqual([`10.0.0.${last}/24`, `fd00::${last}/64`]);
    }
    expect(world.leases.faults.calls.every(({ operation }) => operation !== "listNames")).toBe(true);
  });

  test("gives a new sandbox of the same pod the same addresses, and the late DEL of the old one nothing back", async () => {
    const before = await addressesOf(of("web-7", "1"));
    expect(await addressesOf(of("web-7", "2"))).toEqual(before);
    await world.del(of("web-7", "1"));
    expect(world.leases.snapshot().map(({ spec }) => spec.containerID)).toEqual(["web-7-2", "web-7-2"]);
  });

  test("gives a pod that comes again under a new uid the same address once the old sandbox is gone", async () => {
    await world.add(of("web-7", "1"));
    const again = of("web-7", "2", { pod: { namespace: "shop", name: "web-7", uid: "uid-new" } });
    await expect(world.add(again)).rejects.toMatchObject({ code: "address-taken" });
    world.sandboxes.end("/run/netns/web-7-1");
    expect(await addressesOf(again)).toEqual(["10.0.0.8/24", "fd00::8/64"]);
  });

  test("names the holder of a taken address and what speaks against it, and keeps nothing", async () => {
    await written(world.leases, leaseOf("fd00::8", { node: "n2", containerID: "other" }));
    world.holderState = { pod: "gone", node: "NotReady" };
    await expect(world.add(of("web-7"))).rejects.toMatchObject({
      code: "address-taken",
      message:
        "address fd00::8 is held by pod shop/web-0 (interface net1) on node n2; that pod is gone and node n2 is " +
        "NotReady: kubectl delete iplease fd00-0000-0000-0000-0000-0000-0000-0008 frees the address",
    });
    expect(world.leases.snapshot().map(({ spec }) => spec.address)).toEqual(["fd00::8"]);
  });

  test("goes by ipam.index before the name", async () => {
    world.pools.put(poolOf("named", SUBNETS, { strategy: "Index" }));
    expect(await addressesOf(of("web-7", "1", { ipam: { pool: "named", index: 20 } }))).toContain("10.0.0.21/24");
  });

  test("answers a repeated ADD the same", async () => {
    const before = await addressesOf(of("web-7"));
    expect(await addressesOf(of("web-7"))).toEqual(before);
    expect(world.leases.snapshot()).toHaveLength(2);
  });

  test.each([
    ["web", "the name of pod shop/web holds no index"],
    ["web-254", "index 254, from the name of pod shop/web-254, lies past the ranges"],
  ])("refuses pod %s before it takes anything", async (name, fragment) => {
    await expect(world.add(of(name))).rejects.toMatchObject({
      code: "bad-index",
      message: expect.stringContaining(fragment),
    });
    expect(world.leases.faults.calls.map(({ operation }) => operation)).toEqual(["listByNode"]);
  });
});

test("a pool that counts from the node's own address, by a pattern of its own", async () => {
  const index = { base: "Node", pattern: "rack([0-9]+)" } as const;
  world.pools.put(poolOf("lan", SUBNETS, { strategy: "Index", index }));
  expect(await addressesOf(of("rack3-0"))).toEqual(["10.0.0.103/24", "fd00::103/64"]);
  await expect(world.add(of("rack0-0"))).rejects.toThrow("is the node's own address 10.0.0.100: count from 1");
});

describe("inline ranges", () => {
  test("are chosen from as the section says, in any letter case", async () => {
    expect(await addressesOf(of("web-7", "1", { ipam: { ...INLINE, strategy: "INDEX" } }))).toEqual([
      "172.16.1.207/24",
    ]);
    const sequential = { ...INLINE, strategy: "sequential" };
    expect(await addressesOf(of("a", "1", { ipam: sequential }))).toEqual(["172.16.1.200/24"]);
    expect(await addressesOf(of("b", "1", { ipam: sequential }))).toEqual(["172.16.1.201/24"]);
  });

  test("of two sections that differ in the strategy are one pool, and no address is given twice", async () => {
    const given: string[] = [];
    for (let n = 0; n < 10; n += 1) {
      const strategy = ["spread", "sequential"][n % 2];
      given.push(...(await addressesOf(of(`pod-${n}`, "1", { ipam: { ...INLINE, strategy } }))));
    }
    expect(new Set(given).size).toBe(10);
    expect((await world.pools.list(new AbortController().signal)).pools).toHaveLength(1);
    await expect(world.add(of("late", "1", { ipam: INLINE }))).rejects.toMatchObject({ code: "pool-exhausted" });
  });
});
