import { IpamError } from "@cluster-ipam/errors";
import { beforeEach, describe, expect, test } from "vitest";
import { inlinePool } from "../pools/inline-pool.ts";
import { never } from "../testing/agent-world.ts";
import { type MemoryWorld, memoryWorld } from "../testing/memory-world.ts";
import { poolOf } from "../testing/objects.ts";

const TEAM_A = { namespaceSelector: { matchLabels: { team: "a" } } };
const OVER = { subnet: "10.0.0.0/24", rangeStart: "10.0.0.100", rangeEnd: "10.0.0.120" };
const REFUSED =
  "share addresses with pool blue, and pool blue does not serve namespace shop: its spec.namespaceSelector wants " +
  "team=a, and the namespace has team=b";

let world: MemoryWorld;

beforeEach(async () => {
  world = memoryWorld({ files: { "/proc/cmdline": "epoxy.ipv4=10.0.0.50/24,10.0.0.1,8.8.8.8,8.8.4.4" } });
  world.facts.putNode("n1", { labels: { host: "n1" }, podCidrs: ["10.244.1.0/24"] });
  world.facts.putNamespace("shop", { team: "b" });
  world.pools.put(
    poolOf("blue", [], {
      ranges: [{ subnet: "10.0.0.0/24", start: "10.0.0.50", end: "10.0.0.110", gateway: "10.0.0.1", assign: "Any" }],
      ...TEAM_A,
    }),
  );
  await world.load();
});

async function refusalOf(ipam: Readonly<Record<string, unknown>>): Promise<string> {
  const error = await world.add({ ipam }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(IpamError);
  expect(error).toMatchObject({ code: "pool-not-allowed" });
  expect(world.leases.snapshot()).toEqual([]);
  return (error as IpamError).message;
}

describe("over a pool that does not serve the namespace", () => {
  test.each([
    ["ranges of host-local", OVER],
    ["ranges of whereabouts", { range: "10.0.0.90-10.0.0.99/24" }],
    ["a subnet around it", { subnet: "10.0.0.0/16" }],
    ["its gateway alone", { subnet: "10.0.0.0/24", rangeStart: "10.0.0.1", rangeEnd: "10.0.0.2", gateway: "10.0.0.3" }],
    ["the second of two sets", { ranges: [[{ subnet: "172.16.0.0/24" }], [{ subnet: "10.0.0.64/26" }]] }],
    ["an address that the section names", { addresses: [{ address: "10.0.0.60/24" }] }],
    ["an address beside ranges", { subnet: "172.16.0.0/24", addresses: [{ address: "10.0.0.60/24" }] }],
    ["the pod's number on the kernel command line", { index: 3 }],
    ["the pod's number on an address", { index: { base: "10.0.0.50/24" } }],
  ])("%s: refused, with the pool, its selector and the labels, and no pool is made", async (_, ipam) => {
    const pod = { namespace: "shop", name: "index7", uid: "u" };
    const error = await world.add({ ipam, pod }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "pool-not-allowed", message: expect.stringContaining(REFUSED) });
    expect((error as Error).message).toContain('"pool": "…"');
    expect(world.pools.faults.calls.map(({ operation }) => operation)).not.toContain("create");
    expect(world.leases.snapshot()).toEqual([]);
  });

  test.each([
    ["beside it", { subnet: "10.0.0.0/24", rangeStart: "10.0.0.111", rangeEnd: "10.0.0.120" }],
    ["in another address space", { ...OVER, addressSpace: "lab" }],
    ["of the other family", { subnet: "fd00::/64" }],
  ])("ranges %s are nobody's business", async (_, ipam) => {
    expect((await world.add({ ipam })).ips).toHaveLength(1);
    expect(world.facts.calls).toEqual([]);
  });

  test("an address asked for inside the ranges is no way round either", async () => {
    const call = { ipam: OVER, args: "IP=10.0.0.119" };
    await expect(world.add(call)).rejects.toMatchObject({ code: "pool-not-allowed" });
  });

  test("neither is the pool that an agent made of such ranges for somebody else", async () => {
    const draft = inlinePool(
      "lan",
      [{ subnet: "10.0.0.0/24", start: "10.0.0.100", end: "10.0.0.101", assign: "Any" }],
      "",
    );
    world.pools.put(draft);
    expect(await refusalOf({ pool: draft.metadata.name })).toContain(
      `pool ${draft.metadata.name}, which was made from an ipam section, (10.0.0.100-10.0.0.101 of 10.0.0.0/24) ${REFUSED}`,
    );
    const byName = world.add({ network: draft.metadata.name });
    await expect(byName).rejects.toMatchObject({ code: "pool-not-allowed" });
  });

  test("the namespace that it serves may write them", async () => {
    world.facts.putNamespace("shop", { team: "a" });
    expect((await world.add({ ipam: OVER })).ips).toHaveLength(1);
  });

  test("a repeated ADD is answered from its lease", async () => {
    world.facts.putNamespace("shop", { team: "a" });
    const first = await world.add({ ipam: OVER });
    world.facts.putNamespace("shop", { team: "b" });
    await world.clock.advance(10_001);
    expect(await world.add({ ipam: OVER })).toEqual(first);
    await expect(world.add({ ipam: OVER, containerId: "c2" })).rejects.toMatchObject({ code: "pool-not-allowed" });
    await world.check({ ipam: OVER, config: { prevResult: { ips: first.ips } } });
    await world.del({ ipam: OVER });
    expect(world.leases.snapshot()).toEqual([]);
  });
});

test("a selector that somebody gives to the pool of such ranges holds for them, for each set by itself", async () => {
  const sets = ["172.16.1.0/24", "172.16.2.0/24"].map((subnet) => [{ subnet }]);
  const [first] = (await world.add({ ipam: { ranges: sets } })).ips;
  const { pool } = world.leases.snapshot().find(({ spec }) => first?.address.startsWith(spec.address))?.spec ?? {};
  const made = (await world.pools.list(never())).pools.find(({ metadata }) => metadata.name === pool);
  if (made === undefined) throw new Error("there is no pool of the ranges");
  world.pools.put({ ...made, spec: { ...made.spec, ...TEAM_A } });
  await world.clock.advance(10_001);
  const another = world.add({ ipam: { ranges: sets }, containerId: "c2" });
  await expect(another).rejects.toMatchObject({
    code: "pool-not-allowed",
    message: expect.stringContaining(`pool ${pool}`),
  });
  expect((await world.add({ ipam: { ranges: sets } })).ips).toHaveLength(2);
});

test("a pool without selectors keeps its addresses from nobody", async () => {
  world.pools.put(poolOf("blue", ["10.0.0.0/24"]));
  expect((await world.add({ ipam: OVER })).ips).toHaveLength(1);
});

test("of a pool of the nodes' own networks those of this node are kept", async () => {
  world.pools.put(poolOf("blue", [], { source: "NodePodCIDR", ...TEAM_A }));
  expect(await refusalOf({ subnet: "10.244.0.0/16" })).toContain(REFUSED);
  expect((await world.add({ ipam: { subnet: "10.244.2.0/24" } })).ips).toHaveLength(1);
});

test("of a pool that cannot be read its subnets are kept from everybody, or all addresses where it tells none", async () => {
  world.pools.remove("blue");
  const error = new IpamError("bad-config", "pool newer cannot be used: spec");
  const newer = { metadata: { name: "newer" }, error };
  world.pools.unreadable.push({ ...newer, restricted: { addressSpace: "", subnets: ["10.0.0.0/25"] } });
  expect(await refusalOf(OVER)).toContain("may share addresses with pool newer, which serves some nodes");
  expect((await world.add({ ipam: { subnet: "10.0.0.128/25" } })).ips).toHaveLength(1);
  world.pools.unreadable.splice(0, 1, { ...newer, restricted: { addressSpace: "", subnets: [] } });
  await world.clock.advance(10_001);
  await expect(world.add({ containerId: "c2", ipam: { subnet: "10.9.0.0/24" } })).rejects.toThrow("pool newer");
  world.pools.unreadable.splice(0, 1, newer);
  await world.clock.advance(10_001);
  expect((await world.add({ containerId: "c2", ipam: OVER })).ips).toHaveLength(1);
});

describe("with --inline-pools=deny", () => {
  beforeEach(async () => {
    world = memoryWorld({ inlinePools: "deny" });
    await world.load();
  });

  test.each([
    ["ranges", OVER, "ranges of the ipam section"],
    ["addresses", { addresses: [{ address: "10.0.0.60/24" }] }, "addresses of the ipam section"],
    ["the pod's number", { index: { base: "10.0.0.50/24" } }, "addresses of the ipam section"],
  ])("%s are refused, and the way out is said", async (_, ipam, what) => {
    const pod = { namespace: "shop", name: "index7", uid: "u" };
    await expect(world.add({ ipam, pod })).rejects.toMatchObject({
      code: "pool-not-allowed",
      message:
        `the agent of this node serves no ${what} (--inline-pools=deny): name an IPPool that an administrator has ` +
        'made: "ipam": {"type": "cluster-ipam", "pool": "…"} (kubectl get ippools)',
    });
    expect(world.pools.faults.calls).toEqual([]);
  });

  test("a pool that an agent made of ranges is refused by its name, one of an administrator serves", async () => {
    const draft = inlinePool("lan", [{ subnet: "10.0.0.0/24", assign: "Any" }], "");
    world.pools.put(draft);
    world.pools.put(poolOf("green", ["10.0.0.0/24"]));
    expect(await refusalOf({ pool: draft.metadata.name })).toContain("--inline-pools=deny");
    expect((await world.add({ ipam: { pool: "green" } })).ips).toHaveLength(1);
  });

  test("what runs already goes on: repeated ADD, CHECK and DEL", async () => {
    const earlier = memoryWorld({ leases: world.leases, pools: world.pools });
    await earlier.load();
    const first = await earlier.add({ ipam: OVER });
    await world.load();
    expect(await world.add({ ipam: OVER, startedAtNs: 1_500n })).toEqual(first);
    await expect(world.add({ ipam: OVER, containerId: "c2" })).rejects.toMatchObject({ code: "pool-not-allowed" });
    await world.check({ ipam: OVER, config: { prevResult: { ips: first.ips } } });
    await world.del({ ipam: OVER });
    expect(world.leases.snapshot()).toEqual([]);
  });
});
