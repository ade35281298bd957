import { beforeEach, describe, expect, test } from "vitest";
import { written } from "../testing/agent-world.ts";
import { type MemoryWorld, memoryWorld } from "../testing/memory-world.ts";
import { leaseOf, poolOf } from "../testing/objects.ts";

let world: MemoryWorld;

beforeEach(async () => {
  world = memoryWorld();
  world.facts.putNode("n1", { podCidrs: ["10.244.1.0/24", "fd00:1::/64"] });
  world.pools.put(poolOf("lan", [], { source: "NodePodCIDR" }));
  await world.load();
});

function pod(name: string): { containerId: string; pod: { namespace: string; name: string; uid: string } } {
  return { containerId: `c-${name}`, pod: { namespace: "shop", name, uid: `uid-${name}` } };
}

describe("a pool of the nodes' own networks", () => {
  test("gives one address of each family of its node's, with the first address as the gateway", async () => {
    const { ips } = await world.add();
    expect(ips).toEqual([
      { address: expect.stringMatching(/^10\.244\.1\.\d+\/24$/), family: 4, gateway: "10.244.1.1" },
      { address: expect.stringMatching(/^fd00:1::.*\/64$/), family: 6, gateway: "fd00:1::1" },
    ]);
  });

  test("asks for no list of leases or pools, and for its node once", async () => {
    for (let count = 0; count < 20; count += 1) await world.add(pod(`web-${count}`));
    expect(
      world.leases.faults.calls.map(({ operation }) => operation).filter((name) => name.startsWith("list")),
    ).toEqual(["listByNode"]);
    expect(world.pools.faults.calls).toEqual([{ operation: "get", name: "lan" }]);
    expect(world.facts.calls).toEqual(["node n1"]);
  });

  test("is full when its node's network is, whatever other nodes have", async () => {
    world.facts.putNode("n1", { podCidrs: ["10.244.1.0/29"] });
    await written(world.leases, leaseOf("10.244.2.4", { node: "n2", containerID: "else" }));
    for (let count = 0; count < 5; count += 1) await world.add(pod(`web-${count}`));
    await expect(world.add(pod("web-5"))).rejects.toMatchObject({
      code: "pool-exhausted",
      message: expect.stringContaining("pool lan is full: 5 used of a capacity of 5"),
    });
  });

  test("with strategy Sequential gives the lowest one, with Index the start of the node's own network plus the number", async () => {
    world.pools.put(poolOf("low", [], { source: "NodePodCIDR", strategy: "Sequential" }));
    world.pools.put(poolOf("counted", [], { source: "NodePodCIDR", strategy: "Index" }));
    world.facts.putNode("n1", { podCidrs: ["10.244.1.0/24"] });
    expect(await world.addOne({ ...pod("a"), ipam: { pool: "low" } })).toBe("10.244.1.2");
    expect(await world.addOne({ ...pod("web-3"), ipam: { pool: "counted" } })).toBe("10.244.1.5");
  });

  test("is an error on a node without networks, which says who sets them", async () => {
    for (const prepare of [() => world.facts.putNode("n1"), () => world.facts.removeNode("n1")]) {
      prepare();
      await world.clock.advance(10_001);
      await expect(world.add()).rejects.toMatchObject({
        code: "no-pool",
        message: expect.stringMatching(
          /pool lan .*NodePodCIDR.*node n1 has none in its spec\.podCIDRs.*--allocate-node-cidrs/,
        ),
      });
    }
  });

  test("whose node gets other networks gives nothing outside them; what is there stays", async () => {
    const first = await world.add(pod("old"));
    world.facts.putNode("n1", { podCidrs: ["10.244.7.0/24", "fd00:7::/64"] });
    await world.clock.advance(10_001);
    for (let count = 0; count < 10; count += 1) {
      const { ips } = await world.add(pod(`web-${count}`));
      expect(ips.map(({ address }) => address.replace(/[^.:]*\/\d+$/, ""))[0]).toBe("10.244.7.");
      expect(ips[1]?.address).toMatch(/^fd00:7::/);
    }
    expect(await world.add(pod("old"))).toEqual(first);
    await world.check({ ...pod("old"), config: { prevResult: { ips: first.ips } } });
  });
});

test("the occupancy of a pool with ranges does not count the leases of the nodes' networks, nor the other way", async () => {
  world.pools.put(poolOf("ranges", ["10.244.0.0/16"]));
  world.pools.put(poolOf("twin", [], { source: "NodePodCIDR" }));
  const [own] = (await world.agent.pools.get("lan", new AbortController().signal))?.rangeSets(["10.244.1.0/24"]) ?? [];
  const [wide] = (await world.agent.pools.get("ranges", new AbortController().signal))?.rangeSets() ?? [];
  if (own === undefined || wide === undefined) throw new Error("a pool has no range set");
  const signal = new AbortController().signal;
  expect(await world.agent.pools.overlapping(own, signal)).toEqual(["lan", "", "ranges", "twin"]);
  expect(await world.agent.pools.overlapping(wide, signal)).toEqual(["ranges", ""]);
});

test("a number for a pool that does not count is an error that names both, and none for one that does", async () => {
  world.pools.put(poolOf("plain", ["10.0.0.0/24"]));
  world.pools.put(poolOf("counted", ["10.1.0.0/24"], { strategy: "Index" }));
  world.pools.put(poolOf("six", ["fd01::/64"]));
  await expect(world.add({ ipam: { pool: "plain", index: 3 } })).rejects.toMatchObject({
    code: "bad-config",
    message:
      "ipam.index is 3, and pool plain has strategy Spread, which does not count: remove ipam.index, or name a pool " +
      "with spec.strategy: Index",
  });
  expect(await world.addOne({ ipam: { pool: "counted", index: 3 } })).toBe("10.1.0.4");
  const { ips } = await world.add({ ...pod("x"), ipam: { pools: ["counted", "six"], index: 4 } });
  expect(ips).toHaveLength(2);
});

test("a repeated ADD with a number is answered from its lease when the pool counts no more", async () => {
  world.pools.put(poolOf("counted", ["10.1.0.0/24"], { strategy: "Index" }));
  const call = { ipam: { pool: "counted", index: 3 } };
  expect(await world.addOne(call)).toBe("10.1.0.4");
  world.pools.put(poolOf("counted", ["10.1.0.0/24"]));
  await world.clock.advance(10_001);
  expect(await world.addOne(call)).toBe("10.1.0.4");
});
