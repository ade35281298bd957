import { beforeEach, describe, expect, test } from "vitest";
import type { CallFixture } from "../testing/cni-calls.ts";
import { type MemoryWorld, memoryWorld } from "../testing/memory-world.ts";

const NAMED = { addresses: [{ address: "192.0.2.9/24", gateway: "192.0.2.1" }, { address: "2001:db8::9/48" }] };
const ONE = { addresses: [{ address: "10.0.0.2/24" }] };
/** Two addresses to hand out, of which the section names one itself. */
const BESIDE_RANGE = { ...ONE, subnet: "10.0.0.0/29", rangeStart: "10.0.0.2", rangeEnd: "10.0.0.3" };
const OTHER: CallFixture = { containerId: "c2", pod: { namespace: "shop", name: "web-1", uid: "u2" } };

let world: MemoryWorld;

beforeEach(async () => {
  world = memoryWorld();
  await world.load();
});

async function addressesOf(call: CallFixture): Promise<string[]> {
  return (await world.add(call)).ips.map(({ address }) => address);
}

describe("addresses that the section names", () => {
  test("are leases like any other, of no pool", async () => {
    expect((await world.add({ ipam: NAMED })).ips).toEqual([
      { address: "192.0.2.9/24", family: 4, gateway: "192.0.2.1" },
      { address: "2001:db8::9/48", family: 6 },
    ]);
    const leases = world.leases.snapshot().map(({ spec }) => [spec.address, spec.prefixLength, spec.pool, spec.holder]);
    expect(leases).toEqual([
      ["192.0.2.9", 24, "", "shop/web-0/net1"],
      ["2001:db8::9", 48, "", "shop/web-0/net1"],
    ]);
    // None is made; they are listed for those that serve some nodes or namespaces only.
    expect(world.pools.faults.calls).toEqual([{ operation: "list", name: "" }]);
  });

  test("have one holder: a second one is refused, by name, and keeps nothing", async () => {
    await world.add({ ipam: { addresses: NAMED.addresses.slice(1) } });
    await expect(world.add({ ...OTHER, ipam: NAMED })).rejects.toMatchObject({
      code: "address-taken",
      message: "address 2001:db8::9 is held by pod shop/web-0 (interface net1) on node n1",
    });
    expect(world.leases.snapshot()).toHaveLength(1);
  });

  test("are of the section's space", async () => {
    await world.add({ ipam: ONE });
    expect(await addressesOf({ ...OTHER, ipam: { ...ONE, addressSpace: "blue" } })).toEqual(["10.0.0.2/24"]);
  });

  test("go to a new sandbox of the pod; CHECK holds, DEL gives them back", async () => {
    await world.add({ ipam: NAMED });
    const { ips } = await world.add({ containerId: "c2", ipam: NAMED });
    await world.del({ containerId: "c1" });
    const prevResult = { cniVersion: "1.1.0", ips: ips.map(({ address }) => ({ address })) };
    await world.check({ containerId: "c2", ipam: NAMED, config: { prevResult } });
    await world.del({ containerId: "c2", ipam: {} });
    expect(world.leases.snapshot()).toEqual([]);
  });

  test("are released by GC once their sandbox is gone", async () => {
    await world.add({ ipam: NAMED });
    world.sandboxes.end("/run/netns/c1");
    await world.gc({ config: { "cni.dev/valid-attachments": [] } });
    expect(world.leases.snapshot()).toEqual([]);
  });
});

describe("an address that stands beside ranges which hold it, too,", () => {
  test("is not given for the ranges as well", async () => {
    expect(await addressesOf({ ipam: BESIDE_RANGE })).toEqual(["10.0.0.3/29", "10.0.0.2/24"]);
  });

  test("is the same in a repeated ADD, whichever lease is found first", async () => {
    const before = await addressesOf({ ipam: BESIDE_RANGE });
    expect(await addressesOf({ ipam: BESIDE_RANGE })).toEqual(before);
    // As an agent that is started anew finds them: the named one first.
    await world.load();
    expect(await addressesOf({ ipam: BESIDE_RANGE })).toEqual(before);
    expect(world.leases.snapshot()).toHaveLength(2);
  });

  test("counts among those of the ranges' pool that are used", async () => {
    await world.add({ ipam: ONE });
    const range = { subnet: "10.0.0.0/29", rangeStart: "10.0.0.2", rangeEnd: "10.0.0.3" };
    expect(await addressesOf({ ...OTHER, ipam: { ...range, strategy: "Sequential" } })).toEqual(["10.0.0.3/29"]);
    // The list knew of it: no write was lost to it.
    const creates = world.leases.faults.calls.filter(({ operation }) => operation === "create");
    expect(creates.map(({ name }) => name)).toEqual(["10.0.0.2", "10.0.0.3"]);
    const third = { containerId: "c3", pod: { namespace: "shop", name: "web-2", uid: "u3" }, ipam: range };
    await expect(world.add(third)).rejects.toThrow("is full: 2 used of a capacity of 2");
  });
});
