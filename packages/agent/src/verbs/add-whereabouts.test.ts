import { IpamError } from "@cluster-ipam/errors";
import { beforeEach, expect, test } from "vitest";
import type { CallFixture } from "../testing/cni-calls.ts";
import { type MemoryWorld, memoryWorld } from "../testing/memory-world.ts";
import { WHEREABOUTS_CASES } from "../testing/whereabouts-cases.ts";

let world: MemoryWorld;

beforeEach(async () => {
  world = memoryWorld();
  await world.load();
});

/** What pod `n` gets: its addresses and gateways, or the code of its error. */
async function given(n: number, call: CallFixture): Promise<string> {
  const pod = { namespace: "shop", name: `web-${n}`, uid: `uid-${n}` };
  const ipam = { strategy: "sequential", ...call.ipam };
  try {
    const { ips } = await world.add({ containerId: `c${n}`, pod, ...call, ipam });
    return ips.map(({ address, gateway }) => (gateway === undefined ? address : `${address} via ${gateway}`)).join(" ");
  } catch (error) {
    if (error instanceof IpamError) return `error:${error.code}`;
    throw error;
  }
}

async function givenInTurn(count: number, call: CallFixture): Promise<string[]> {
  const outcomes: string[] = [];
  for (let n = 0; n < count; n += 1) outcomes.push(await given(n, call));
  return outcomes;
}

test.for(WHEREABOUTS_CASES)("$about: $ipam", async ({ ipam, given: expected }) => {
  expect(await givenInTurn(expected.length, { ipam })).toEqual(expected);
});

test.for(WHEREABOUTS_CASES.filter(({ given: expected }) => !expected.some((text) => text.startsWith("error:bad"))))(
  "every address of $ipam stands in a lease, once",
  async ({ ipam, given: expected }) => {
    await givenInTurn(expected.length, { ipam });
    const wanted = expected.filter((text) => !text.startsWith("error:")).flatMap((text) => text.split(" "));
    const addresses = wanted.filter((text) => text.includes("/"));
    const leases = world.leases.snapshot().map(({ spec }) => `${spec.address}/${spec.prefixLength}`);
    expect(leases.toSorted()).toEqual(addresses.toSorted());
  },
);

test.for([
  ["192.168.22.0/24", "192.168.22.0/28", ["192.168.22.1/24", "192.168.22.2/28"]],
  ["2001::2:3:0/124", "2001::2:3:0/126", ["2001::2:3:1/124", "2001::2:3:2/126"]],
] as const)(
  "networks whose ranges %s and %s overlap never give one address twice",
  async ([first, second, expected]) => {
    const outcomes = [
      await given(1, { network: "one", ipam: { range: first } }),
      await given(2, { network: "two", ipam: { range: second } }),
    ];
    expect(outcomes).toEqual(expected);
  },
);

test("a pod on two networks whose ranges overlap has another address on each interface", async () => {
  const first = await given(1, { network: "one", ifName: "net1", ipam: { range: "10.0.0.0/24" } });
  const second = await given(1, { network: "two", ifName: "net2", ipam: { range: "10.0.0.0/25" } });
  expect([first, second]).toEqual(["10.0.0.1/24", "10.0.0.2/25"]);
});

test.for([
  ["enable_overlapping_ranges false", { enable_overlapping_ranges: false }, { enable_overlapping_ranges: false }],
  ["a network_name each", { network_name: "blue" }, { network_name: "green" }],
  ["a network_name that is no DNS label each", { network_name: "Blue_1" }, { network_name: "blue-1" }],
  ["an addressSpace", { addressSpace: "blue" }, {}],
] as const)("with %s two networks may give the same address", async ([, one, two]) => {
  const range = "192.168.33.0/24";
  const outcomes = [
    await given(1, { network: "one", ipam: { range, ...one } }),
    await given(2, { network: "two", ipam: { range, ...two } }),
  ];
  expect(outcomes).toEqual(["192.168.33.1/24", "192.168.33.1/24"]);
});

test("networks of one network_name share its addresses", async () => {
  const outcomes = [
    await given(1, { network: "one", ipam: { range: "10.0.0.0/24", network_name: "Blue" } }),
    await given(2, { network: "two", ipam: { range: "10.0.0.0/28", network_name: "Blue" } }),
  ];
  expect(outcomes).toEqual(["10.0.0.1/24", "10.0.0.2/28"]);
});

test("a range that grows from a /26 to a /24 under living pods goes on with the next free address", async () => {
  await givenInTurn(3, { ipam: { range: "10.0.0.0/26" } });
  expect(await given(3, { ipam: { range: "10.0.0.0/24" } })).toBe("10.0.0.4/24");
  const fill = { range: "10.0.0.0/26", range_start: "10.0.0.5" };
  for (let n = 4; n < 62; n += 1) await given(n, { ipam: fill });
  expect(await given(62, { ipam: { range: "10.0.0.0/26" } })).toBe("error:pool-exhausted");
  // What the agent last knew of the larger range is a hint for some seconds only.
  await world.clock.advance(60_000);
  expect(await given(62, { ipam: { range: "10.0.0.0/24" } })).toBe("10.0.0.63/24");
});

test("a second range that is full undoes the first", async () => {
  const ipRanges = [{ range: "10.0.0.0/24" }, { range: "10.0.1.0/30" }];
  expect(await givenInTurn(3, { ipam: { ipRanges } })).toEqual([
    "10.0.0.1/24 10.0.1.1/30",
    "10.0.0.2/24 10.0.1.2/30",
    "error:pool-exhausted",
  ]);
  expect(world.leases.snapshot()).toHaveLength(4);
});

test("an exclude that cannot be read is refused to a pod that has its address already", async () => {
  expect(await given(1, { ipam: { range: "10.0.0.0/24" } })).toBe("10.0.0.1/24");
  expect(await given(1, { ipam: { range: "10.0.0.0/24", exclude: ["10.0.0.300"] } })).toBe("error:bad-config");
});

test("one set of excludes, however it is written, is one pool", async () => {
  await given(1, { ipam: { range: "10.0.0.0/24", exclude: ["10.0.0.1/32", "10.0.0.2"] } });
  await given(2, { ipam: { range: "10.0.0.77/24", exclude: ["10.0.0.2-10.0.0.2", "10.0.0.1", "172.16.0.0/12"] } });
  const names = new Set(world.leases.snapshot().map(({ spec }) => spec.pool));
  expect([...names]).toHaveLength(1);
});

test.for([
  [{ args: "IP=10.9.0.5/24" }, "10.0.0.1/24 10.9.0.5/24"],
  [{ args: "IP=10.9.0.5/24,fd00::5/64;GATEWAY=10.9.0.1" }, "10.0.0.1/24 10.9.0.5/24 via 10.9.0.1 fd00::5/64"],
  [{ args: "IP=10.0.0.1/24" }, "10.0.0.2/24 10.0.0.1/24"],
  [{ args: "IP=10.0.0.9" }, "10.0.0.9/24"],
  [{ args: "IP=10.0.1.9" }, "error:address-not-in-range"],
  [{ args: "IP=10.0.0/24" }, "error:bad-config"],
  [{ args: "IP=10.9.0.5/24;GATEWAY=10.9.0" }, "error:bad-config"],
  [{ config: { runtimeConfig: { ips: ["10.0.0.9/24"] } } }, "10.0.0.9/24"],
] as const)("CNI_ARGS and capabilities %j give %s", async ([call, expected]) => {
  expect(await given(1, { ...call, ipam: { range: "10.0.0.0/24" } })).toBe(expected);
});

test("no default route and no DNS appear that the section does not hold", async () => {
  const { routes, dns } = await world.add({ ipam: { range: "10.0.0.0/24", gateway: "10.0.0.1" } });
  expect(routes).toEqual([]);
  expect(dns).toBeUndefined();
});

test("each key without a meaning is told to the log once", async () => {
  const ipam = { range: "10.0.0.5-10.0.0.9/24", range_end: "10.0.0.200", datastore: "kubernetes", log_level: "debug" };
  await givenInTurn(2, { ipam });
  const lines = world.lines.with("key of the ipam section has no meaning here and is ignored");
  expect(lines.map(({ key }) => String(key)).toSorted()).toEqual(["datastore", "log_level", "range_end"]);
});

test("node_slice_size makes a pool with blocks of the ranges", async () => {
  const ipam = { range: "10.0.0.0/24", node_slice_size: "/26" };
  const address = await given(1, { ipam });
  const { pools } = await world.pools.list(new AbortController().signal);
  expect(pools.map(({ spec }) => spec.nodeBlocks)).toEqual([{ prefixLength: 26 }]);
  expect(address).toMatch(/^10\.0\.0\.\d+\/24$/);
});
