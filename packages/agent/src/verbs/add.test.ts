import { beforeEach, describe, expect, test } from "vitest";
import { type CallFixture, netnsOf } from "../testing/cni-calls.ts";
import { type MemoryWorld, memoryWorld } from "../testing/memory-world.ts";
import { poolOf } from "../testing/objects.ts";

const RESOLV_CONF = "nameserver 10.0.0.53\nsearch example.org\n";
const DUAL = poolOf("lan", [], {
  ranges: [
    { subnet: "10.0.0.0/24", gateway: "10.0.0.1", assign: "Any" },
    { subnet: "fd00::/64", assign: "Any" },
  ],
  routes: [{ dst: "10.9.0.0/16" }],
  dns: { nameservers: ["fd00::53"] },
});

function makeWorld(): MemoryWorld {
  return memoryWorld({ files: { "/etc/resolv.conf": RESOLV_CONF } });
}

let world: MemoryWorld;

beforeEach(async () => {
  world = makeWorld();
  await world.load();
});

/** What the calls since the last look asked of the server. */
function requests(): string[] {
  const calls = [...world.leases.faults.calls.splice(0), ...world.pools.faults.calls.splice(0)];
  return calls.map(({ operation }) => operation);
}

async function expectRefusal(call: CallFixture, code: string, ...fragments: readonly string[]): Promise<void> {
  const error = await world.add(call).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code });
  for (const fragment of fragments) expect((error as Error).message).toContain(fragment);
  expect(world.leases.snapshot()).toEqual([]);
}

describe("an ADD", () => {
  beforeEach(() => {
    world.pools.put(DUAL);
  });

  test("answers with one address of each family, the gateway, routes and DNS of the pool", async () => {
    const { ips, routes, dns } = await world.add();
    expect(ips).toEqual([
      { address: expect.stringMatching(/^10\.0\.0\.\d+\/24$/), family: 4, gateway: "10.0.0.1" },
      { address: expect.stringMatching(/^fd00::[0-9a-f:]+\/64$/), family: 6 },
    ]);
    expect(routes).toEqual([{ dst: "10.9.0.0/16" }]);
    expect(dns).toEqual({ nameservers: ["fd00::53"] });
  });

  test("leaves a lease for each address that says who has it, where and since which sandbox", async () => {
    const { ips } = await world.add();
    const leases = world.leases.snapshot();
    expect(leases.map(({ spec }) => `${spec.address}/${spec.prefixLength}`)).toEqual(ips.map(({ address }) => address));
    for (const { spec } of leases) {
      expect(spec).toMatchObject({
        pool: "lan",
        network: "lan",
        node: "n1",
        containerID: "c1",
        ifName: "net1",
        holder: "shop/web-0/net1",
        pod: { namespace: "shop", name: "web-0", uid: "uid-web-0" },
        sandbox: { netns: netnsOf("c1") },
      });
    }
  });

  test("says so in the lease where it cannot see the sandbox", async () => {
    world.sandboxes.hide(netnsOf("c1"));
    await world.add();
    expect(world.leases.snapshot().map(({ spec }) => spec.sandbox)).toEqual([undefined, undefined]);
  });

  test("without a pod leaves a lease without a holder", async () => {
    await world.add({ pod: undefined });
    expect(world.leases.snapshot().map(({ spec }) => [spec.holder, spec.pod])).toEqual([
      ["", undefined],
      ["", undefined],
    ]);
  });

  test("gives the interfaces of one pod on one network different addresses", async () => {
    await world.add({ ifName: "net1" });
    await world.add({ ifName: "net2" });
    expect(new Set(world.leases.snapshot().map(({ spec }) => spec.address)).size).toBe(4);
    expect(
      world.leases
        .snapshot()
        .map(({ spec }) => spec.ifName)
        .toSorted(),
    ).toEqual(["net1", "net1", "net2", "net2"]);
  });

  test("before the node's leases have been read is refused and asks nothing of the server", async () => {
    const unloaded = makeWorld();
    unloaded.pools.put(DUAL);
    await expect(unloaded.add()).rejects.toMatchObject({ code: "agent-not-ready" });
    expect(unloaded.leases.faults.calls).toEqual([]);
    expect(unloaded.pools.faults.calls).toEqual([]);
  });
});

describe("what an ADD costs", () => {
  beforeEach(() => {
    world.pools.put(poolOf("lan", ["10.0.0.0/24"]));
    requests();
  });

  test("is one read and one write where the pool is not known", async () => {
    await world.add();
    expect(requests()).toEqual(["create", "get"]);
  });

  test("is one write and no read where it is", async () => {
    await world.add();
    requests();
    await world.add({ containerId: "c2", pod: { namespace: "shop", name: "web-1", uid: "uid-web-1" } });
    expect(requests()).toEqual(["create"]);
  });

  test("is one write with inline ranges too, once their pool is there", async () => {
    const ipam = { subnet: "172.16.1.0/24", rangeStart: "172.16.1.200", rangeEnd: "172.16.1.246", gateway: "" };
    await world.add({ ipam });
    requests();
    await world.add({ ipam, containerId: "c2", pod: { namespace: "shop", name: "web-1", uid: "uid-web-1" } });
    expect(requests()).toEqual(["create"]);
  });
});

describe("a full pool", () => {
  test.each([
    ["IPv4", "10.0.0.0/30", "2 used of a capacity of 2"],
    ["IPv6", "fd00::/126", "3 used of a capacity of 3"],
  ])("is said with pool, used and capacity: %s", async (_, subnet, text) => {
    world.pools.put(poolOf("lan", [subnet]));
    const capacity = Number(text.split(" ")[0]);
    for (let n = 0; n < capacity; n += 1) await world.add({ containerId: `c${n}`, pod: undefined });
    const refused = world.add({ containerId: "late", pod: undefined });
    await expect(refused).rejects.toMatchObject({
      code: "pool-exhausted",
      message: expect.stringContaining(`pool lan is full: ${text}`),
    });
    await world.del({ containerId: "c0" });
    await world.add({ containerId: "late", pod: undefined, startedAtNs: 1_001n });
    expect(world.leases.snapshot()).toHaveLength(capacity);
  });

  test("leaves nothing of what the other range sets gave", async () => {
    world.pools.put(poolOf("four", ["10.0.0.0/30"]));
    world.pools.put(poolOf("six", ["fd00::/127"]));
    const ipam = { pools: ["four", "six"] };
    for (const containerId of ["c1", "c2"]) await world.add({ containerId, pod: undefined, ipam });
    await world.del({ containerId: "c1" });
    await world.add({ containerId: "c3", pod: undefined, ipam: { pool: "six" } });
    await expect(world.add({ containerId: "c4", pod: undefined, ipam })).rejects.toMatchObject({
      code: "pool-exhausted",
    });
    expect(
      world.leases
        .snapshot()
        .map(({ spec }) => spec.containerID)
        .toSorted(),
    ).toEqual(["c2", "c2", "c3"]);
    expect(world.agent.pending.size).toBe(0);
  });
});

describe("before anything is asked of the server, an ADD is refused for", () => {
  test.each<readonly [string, CallFixture, readonly string[]]>([
    ["a misspelt key", { ipam: { subnt: "10.0.0.0/24" } }, ['"subnt"', 'did you mean "subnet"']],
    ["a bad CIDR", { ipam: { subnet: "10.0.0.0/33" } }, ["ipam.subnet", "10.0.0.0/33", "CIDR"]],
    [
      "a start after its end",
      { ipam: { subnet: "fd00::/64", rangeStart: "fd00::9", rangeEnd: "fd00::1" } },
      ["rangeStart", "fd00::9"],
    ],
    ["a gateway of another family", { ipam: { subnet: "10.0.0.0/24", gateway: "fd00::1" } }, ["gateway", "fd00::1"]],
    [
      "a route with host bits",
      { ipam: { pool: "lan", routes: [{ dst: "10.9.0.1/16" }] } },
      ["route 10.9.0.1/16", "10.9.0.0/16"],
    ],
    [
      "a fixed address that is none",
      { config: { runtimeConfig: { ips: ["10.0.0"] } } },
      ["runtimeConfig.ips[0]", '"10.0.0"'],
    ],
    ["a file that cannot be read", { ipam: { pool: "lan", resolvConf: "/missing" } }, ["ipam.resolvConf", "/missing"]],
  ])("%s", async (_, call, fragments) => {
    requests();
    await expectRefusal(call, "bad-config", ...fragments);
    expect(requests()).toEqual([]);
  });
});

describe("before any address is taken, an ADD is refused for", () => {
  beforeEach(() => {
    world.pools.put(poolOf("lan", ["10.0.0.0/24"]));
    world.pools.put(poolOf("wan", ["10.1.0.0/24"]));
    requests();
  });

  test.each<readonly [string, CallFixture, readonly string[]]>([
    [
      "a route of a family that it gets no address of",
      { ipam: { routes: [{ dst: "fd09::/32" }] } },
      ["route fd09::/32", "IPv6 address"],
    ],
    [
      "more addresses than its version can hold",
      { cniVersion: "0.2.0", ipam: { pools: ["lan", "wan"] } },
      ["2 IPv4 addresses", "0.2.0"],
    ],
  ])("%s", async (_, call, fragments) => {
    await expectRefusal(call, "bad-config", ...fragments);
    expect(requests()).not.toContain("create");
  });

  test("no pool, with the ways to make one", async () => {
    await expectRefusal({ network: "third" }, "no-pool", 'no pool for network "third"', "create an IPPool");
  });
});

test("DNS comes from the node's resolv.conf where the section names it, and an ignored key is told to the log once", async () => {
  world.pools.put(DUAL);
  const ipam = { pool: "lan", resolvConf: "/etc/resolv.conf", dataDir: "/var/lib/x" };
  const { dns } = await world.add({ ipam });
  await world.add({ ipam, containerId: "c2" });
  expect(dns).toMatchObject({ nameservers: ["10.0.0.53"], search: ["example.org"] });
  expect(world.lines.with("key of the ipam section has no meaning here and is ignored")).toHaveLength(1);
});

test("one network that asks for several addresses in one space of its own gets them there", async () => {
  const ipam = { ranges: [[{ subnet: "10.0.0.0/24" }], [{ subnet: "fd00::/64" }]], addressSpace: "blue" };
  await world.add({ ipam });
  expect(
    world.leases
      .snapshot()
      .every(({ metadata, spec }) => metadata.name.startsWith("blue.") && spec.addressSpace === "blue"),
  ).toBe(true);
  expect(world.leases.snapshot()).toHaveLength(2);
});
