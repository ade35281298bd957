import type { IPPoolSpec } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import { beforeEach, describe, expect, test } from "vitest";
import type { CallFixture } from "../testing/cni-calls.ts";
import { type MemoryWorld, memoryWorld } from "../testing/memory-world.ts";
import { poolOf } from "../testing/objects.ts";

const FOUR = {
  subnet: "10.0.0.0/24",
  start: "10.0.0.10",
  end: "10.0.0.19",
  gateway: "10.0.0.1",
  assign: "Any",
} as const;
const SIX = { subnet: "fd00::/64", start: "fd00::10", end: "fd00::19", assign: "Any" } as const;
const BEFORE: Partial<IPPoolSpec> = { ranges: [FOUR, SIX] };

/** Edits of the pool `lan` that a pod in it lives through; of the pool of before each leaves addresses. */
const EDITS: readonly (readonly [what: string, spec: Partial<IPPoolSpec>])[] = [
  [
    "shrunk ranges",
    {
      ranges: [
        { ...FOUR, end: "10.0.0.10" },
        { ...SIX, end: "fd00::10" },
      ],
    },
  ],
  [
    "moved ranges",
    {
      ranges: [
        { ...FOUR, start: "10.0.0.200", end: "10.0.0.210" },
        { ...SIX, start: "fd00::200", end: "fd00::210" },
      ],
    },
  ],
  [
    "another subnet",
    {
      ranges: [
        { subnet: "10.7.0.0/16", assign: "Any" },
        { subnet: "fd07::/48", assign: "Any" },
      ],
    },
  ],
  [
    "everything excluded but one",
    {
      ranges: [
        { ...FOUR, exclude: ["10.0.0.11-10.0.0.19"] },
        { ...SIX, exclude: ["fd00::11-fd00::19"] },
      ],
    },
  ],
  [
    "another gateway",
    {
      ranges: [
        { ...FOUR, gateway: "10.0.0.9" },
        { ...SIX, gateway: "fd00::1" },
      ],
    },
  ],
  [
    "ranges on request alone",
    {
      ranges: [
        { ...FOUR, assign: "OnRequest" },
        { ...SIX, assign: "OnRequest" },
      ],
    },
  ],
  ["strategy Index", { ...BEFORE, strategy: "Index" }],
  [
    "strategy Index, and a pattern that the pod does not match",
    { ...BEFORE, strategy: "Index", index: { base: "Start", pattern: "rack([0-9]+)" } },
  ],
  ["strategy Sequential", { ...BEFORE, strategy: "Sequential" }],
  ["no IPv4 any more", { ranges: [SIX] }],
  ["no IPv6 any more", { ranges: [FOUR] }],
  ["a range that starts after its end", { ranges: [{ ...FOUR, start: "10.0.0.30" }, SIX] }],
];

const FIXED: CallFixture = { config: { runtimeConfig: { ips: ["10.0.0.15/24", "fd00::15"] } } };

let world: MemoryWorld;

beforeEach(async () => {
  world = memoryWorld();
  world.pools.put(poolOf("lan", [], BEFORE));
  await world.load();
});

/** Edits the pool, and lets the time pass for which one that was read before is trusted. */
async function edit(spec: Partial<IPPoolSpec>): Promise<void> {
  world.pools.put(poolOf("lan", [], spec));
  await world.clock.advance(11_000);
}

async function deletePool(): Promise<void> {
  world.pools.remove("lan");
  await world.clock.advance(11_000);
}

describe.each(EDITS)("after an edit of its pool to %s", (_what, spec) => {
  test.each([
    ["", {}],
    [" that asks for fixed addresses", FIXED],
  ])("a repeated ADD%s answers the same addresses, prefix lengths and gateways, and CHECK is good", async (_, call) => {
    const { ips } = await world.add(call);
    await edit(spec);
    expect((await world.add(call)).ips).toEqual(ips);
    expect(world.leases.snapshot()).toHaveLength(2);
    await expect(world.check({ ...call, config: { ...call.config, prevResult: { ips } } })).resolves.toBeUndefined();
    await world.del(call);
    expect(world.leases.snapshot()).toEqual([]);
  });
});

describe("a pool of strategy Index", () => {
  const INDEX: Partial<IPPoolSpec> = { ranges: [FOUR], strategy: "Index" };
  const pod = { namespace: "shop", name: "web-4", uid: "uid-web-4" };

  beforeEach(async () => {
    await edit(INDEX);
  });

  test.each([
    ["a start further on", { ...FOUR, start: "10.0.0.12" }, "10.0.0.16"],
    ["a start past the pod's address", { ...FOUR, start: "10.0.0.15" }, "10.0.0.19"],
    ["too few addresses for the pod's number", { ...FOUR, end: "10.0.0.12" }, "bad-index"],
    ["the pod's address excluded", { ...FOUR, exclude: ["10.0.0.14"] }, "bad-index"],
  ] as const)("with %s leaves a running pod its address, and counts anew for a new sandbox", async (_, range, then) => {
    const first = await world.add({ pod });
    expect(first.ips).toMatchObject([{ address: "10.0.0.14/24" }]);
    await edit({ ...INDEX, ranges: [range] });
    expect(await world.add({ pod })).toEqual(first);
    const next = world.addOne({ pod, containerId: "c2" });
    expect(await next.catch((error: unknown) => (error as IpamError).code)).toBe(then);
  });

  test("gives another address where the pod asks for another one by now", async () => {
    await world.add({ pod });
    const { ips } = await world.add({ pod, config: { runtimeConfig: { ips: ["10.0.0.17"] } } });
    expect(ips).toMatchObject([{ address: "10.0.0.17/24" }]);
    expect(world.leases.snapshot()).toHaveLength(1);
  });
});

describe("after its pool was deleted", () => {
  test.each([
    ["by the network's name", {}],
    ["by its own name", { pool: "lan" }],
  ])(
    "a repeated ADD that found it %s answers the same, with the routes and DNS of its section alone",
    async (_, ipam) => {
      await edit({ ...BEFORE, routes: [{ dst: "10.9.0.0/16" }], dns: { nameservers: ["10.0.0.53"] } });
      const { ips } = await world.add({ ipam });
      await deletePool();
      expect(await world.add({ ipam })).toEqual({ ips, routes: [], dns: undefined });
      const routes = [{ dst: "10.8.0.0/16" }];
      const dns = { nameservers: ["10.0.0.54"] };
      expect(await world.add({ ipam: { ...ipam, routes, dns } })).toEqual({ ips, routes, dns });
    },
  );

  test.each([
    ["another container", { containerId: "c2" }],
    ["another interface", { ifName: "net2" }],
    ["a section that names one more pool", { ipam: { pools: ["lan", "wan"] } }],
    ["a section that names another pool", { ipam: { pool: "wan" } }],
    ["another fixed address", { config: { runtimeConfig: { ips: ["10.0.0.11"] } } }],
    ["a fixed address with another prefix length", { config: { runtimeConfig: { ips: ["10.0.0.15/25"] } } }],
  ])("%s is told that there is no pool, and the running pod keeps its leases", async (_, call) => {
    await world.add(FIXED);
    const held = world.leases.snapshot();
    await deletePool();
    await expect(world.add(call)).rejects.toMatchObject({ code: "no-pool" });
    expect(world.leases.snapshot()).toEqual(held);
  });

  test("a section that asks for less than it did is told that there is no pool", async () => {
    world.pools.put(poolOf("wan", ["10.8.0.0/24"]));
    await world.add({ ipam: { pools: ["lan", "wan"] } });
    await deletePool();
    world.pools.remove("wan");
    await expect(world.add({ ipam: { pool: "wan" } })).rejects.toMatchObject({ code: "no-pool" });
    expect(world.leases.snapshot()).toHaveLength(3);
  });

  test("a repeated ADD of several pools answers in their order, though one of them is still there", async () => {
    world.pools.put(poolOf("wan", ["10.8.0.0/24"], { routes: [{ dst: "10.9.0.0/16" }] }));
    const call = { ipam: { pools: ["wan", "lan"] } };
    const { ips } = await world.add(call);
    expect(ips.map(({ family }) => family)).toEqual([4, 4, 6]);
    await deletePool();
    expect(await world.add(call)).toEqual({ ips, routes: [], dns: undefined });
  });

  test("a repeated ADD that has lost one of its leases is told so, and nothing is left or made anew", async () => {
    await world.add();
    const [lost] = world.leases.snapshot();
    if (lost === undefined) throw new Error("there is no lease");
    const { name, uid = "", resourceVersion = "" } = lost.metadata;
    await world.leases.delete({ name, uid, resourceVersion });
    await deletePool();
    await expect(world.add()).rejects.toMatchObject({ code: "no-pool" });
    expect(world.leases.snapshot()).toEqual([]);
    expect(world.agent.pending.size).toBe(0);
  });

  test("and made again with other ranges, in another address space, a repeated ADD answers the same", async () => {
    const { ips } = await world.add();
    await deletePool();
    await edit({ ranges: [{ subnet: "10.7.0.0/24", assign: "Any" }, SIX], addressSpace: "blue" });
    expect((await world.add()).ips).toEqual(ips);
    expect(await world.addOne({ containerId: "c2", ipam: { pool: "lan" }, pod: undefined }).catch(() => "two")).toBe(
      "two",
    );
  });

  test("a route of the section that no address is there for is an error of the section", async () => {
    await world.add({ ipam: { pool: "lan" } });
    await edit({ ranges: [FOUR] });
    await deletePool();
    const call = { ipam: { pool: "lan", routes: [{ dst: "10.9.0.1/16" }] } };
    await expect(world.add(call)).rejects.toMatchObject({ code: "bad-config" });
    expect(world.leases.snapshot()).toHaveLength(2);
  });
});

test("a repeated ADD answers the same where the pool that it names cannot be read, or is one of two defaults", async () => {
  const first = await world.add({ ipam: { pool: "lan" } });
  const error = new IpamError("bad-config", "pool lan cannot be used: spec.ranges: expected a list");
  const read = world.pools.get.bind(world.pools);
  world.pools.get = (name, signal) => (name === "lan" ? Promise.reject(error) : read(name, signal));
  await world.clock.advance(11_000);
  expect((await world.add({ ipam: { pool: "lan" } })).ips).toEqual(first.ips);
  await expect(world.add({ ipam: { pool: "lan" }, containerId: "c2" })).rejects.toBe(error);
});

test("a repeated ADD of inline ranges answers the same where somebody edited their pool, and where it is gone", async () => {
  const call = { ipam: { subnet: "10.3.0.0/24" } };
  const first = await world.add(call);
  const { pools } = await world.pools.list(new AbortController().signal);
  const inline = pools.find(({ metadata }) => metadata.name !== "lan");
  if (inline === undefined) throw new Error("there is no inline pool");
  world.pools.put({ ...inline, spec: { ...inline.spec, ranges: [FOUR] } });
  await world.clock.advance(11_000);
  await expect(world.add({ ...call, containerId: "c2" })).rejects.toMatchObject({ code: "bad-config" });
  expect(await world.add(call)).toEqual(first);
  world.pools.remove(inline.metadata.name);
  await world.clock.advance(11_000);
  expect(await world.add(call)).toEqual(first);
});

test("a repeated ADD of inline ranges and addresses answers the same where the pool of the ranges was edited", async () => {
  const call = { ipam: { range: "10.3.0.0/24", addresses: [{ address: "10.5.0.5/16", gateway: "10.5.0.1" }] } };
  const first = await world.add(call);
  const { pools } = await world.pools.list(new AbortController().signal);
  for (const pool of pools) world.pools.put({ ...pool, spec: { ...pool.spec, ranges: [FOUR] } });
  await world.clock.advance(11_000);
  expect(await world.add(call)).toEqual(first);
  const other = { ipam: { ...call.ipam, addresses: [{ address: "10.5.0.6/16" }] } };
  await expect(world.add(other)).rejects.toMatchObject({ code: "bad-config" });
});

test("a repeated ADD with a grown range answers the same, and the next pod has an address beyond the old ones", async () => {
  const small = { range: "10.4.0.0/29" };
  const of = (number: number): CallFixture => ({ containerId: `c${number}`, pod: undefined, ipam: small });
  const first = await world.add(of(0));
  const taken = [first, ...(await Promise.all([1, 2, 3, 4, 5].map((number) => world.add(of(number)))))];
  await expect(world.add(of(6))).rejects.toMatchObject({ code: "pool-exhausted" });
  const grown = { range: "10.4.0.0/24" };
  expect(await world.add({ ...of(0), ipam: grown })).toEqual(first);
  const next = await Promise.all([6, 7, 8].map((number) => world.add({ ...of(number), ipam: grown })));
  const addresses = [...taken, ...next].flatMap(({ ips }) => ips.map(({ address }) => address.split("/", 1)[0]));
  expect(new Set(addresses).size).toBe(9);
});

test("a repeated ADD that cannot be completed gives back what its edited pool has no ranges of any more, too", async () => {
  world.pools.put(poolOf("full", [], { ranges: [{ subnet: "10.8.0.0/30", exclude: ["10.8.0.0/30"], assign: "Any" }] }));
  await world.add({ ipam: { pool: "lan" } });
  await edit({ ranges: [SIX] });
  await expect(world.add({ ipam: { pools: ["lan", "full"] } })).rejects.toMatchObject({ code: "pool-exhausted" });
  expect(world.leases.snapshot()).toEqual([]);
});

test("a new sandbox of the same pod gets its address back while the pool still has it, with the subnet of today", async () => {
  await edit({ ranges: [{ ...FOUR, subnet: "10.0.0.0/25" }] });
  const { ips } = await world.add();
  await edit({ ranges: [{ ...FOUR, gateway: "10.0.0.2" }] });
  const address = ips[0]?.address.replace("/25", "/24");
  expect((await world.add({ containerId: "c2" })).ips).toEqual([{ address, family: 4, gateway: "10.0.0.2" }]);
});

test("a new sandbox of the same pod gets another address where the pool has lost it", async () => {
  await edit({ ranges: [{ ...FOUR, end: "10.0.0.10" }] });
  expect(await world.addOne()).toBe("10.0.0.10");
  await edit({ ranges: [{ ...FOUR, start: "10.0.0.12" }] });
  expect(await world.addOne({ containerId: "c2" })).not.toBe("10.0.0.10");
  await world.del();
  expect(world.leases.snapshot()).toHaveLength(1);
});

test("whatever a pool is edited to, new pods only get addresses of its new ranges, from the time on that it is read", async () => {
  for (let number = 0; number < 6; number += 1) await world.add({ containerId: `old${number}`, pod: undefined });
  await edit({ ranges: [{ ...FOUR, start: "10.0.0.14", end: "10.0.0.30", exclude: ["10.0.0.16/30"] }] });
  const given: string[] = [];
  for (let number = 0; number < 8; number += 1) {
    given.push(await world.addOne({ containerId: `new${number}`, pod: undefined }).catch(() => "full"));
  }
  const allowed = [14, 15, ...Array.from({ length: 11 }, (_, index) => 20 + index)].map((last) => `10.0.0.${last}`);
  expect(given.filter((address) => !allowed.includes(address))).toEqual([]);
  expect(new Set(given).size).toBe(8);
});
