import { beforeEach, expect, test } from "vitest";
import type { CallFixture } from "../testing/cni-calls.ts";
import { type MemoryWorld, memoryWorld } from "../testing/memory-world.ts";

const IPAM = {
  addresses: [
    { address: "10.10.0.1/24", gateway: "10.10.0.254" },
    { address: "3ffe:ffff:0:01ff::1/64", gateway: "3ffe:ffff:0::1" },
  ],
  routes: [{ dst: "0.0.0.0/0" }, { dst: "192.168.0.0/16", gw: "10.10.5.1" }, { dst: "3ffe:ffff:0:01ff::/64" }],
  dns: { nameservers: ["8.8.8.8"], domain: "example.com", search: ["example.com"] },
};

let world: MemoryWorld;

beforeEach(async () => {
  world = memoryWorld();
  await world.load();
});

test("a section of static is answered as it is written", async () => {
  expect(await world.add({ ipam: IPAM })).toEqual({
    ips: [
      { address: "10.10.0.1/24", family: 4, gateway: "10.10.0.254" },
      { address: "3ffe:ffff:0:1ff::1/64", family: 6, gateway: "3ffe:ffff::1" },
    ],
    routes: IPAM.routes,
    dns: IPAM.dns,
  });
});

test.each<readonly [string, CallFixture, readonly string[]]>([
  ["CNI_ARGS add to it", { args: "IP=11.11.0.1/24" }, ["10.10.0.1/24", "3ffe:ffff:0:1ff::1/64", "11.11.0.1/24"]],
  [
    "args.cni.ips stands in its place",
    { args: "IP=11.11.0.1/24", config: { args: { cni: { ips: ["10.10.0.5/24", "fd00::5/64"] } } } },
    ["10.10.0.5/24", "fd00::5/64"],
  ],
  [
    "runtimeConfig.ips stands in the place of all",
    {
      args: "IP=11.11.0.1/24",
      config: { args: { cni: { ips: ["10.10.0.5/24"] } }, runtimeConfig: { ips: ["10.10.0.6/24", "fd00::6/64"] } },
    },
    ["10.10.0.6/24", "fd00::6/64"],
  ],
])("%s", async (_, call, expected) => {
  const { ips } = await world.add({ ...call, ipam: IPAM });
  expect(ips.map(({ address }) => address)).toEqual(expected);
  const leases = world.leases.snapshot().map(({ spec }) => `${spec.address}/${spec.prefixLength}`);
  expect(leases.toSorted()).toEqual(expected.toSorted());
});

test("GATEWAY of CNI_ARGS is the gateway of the addresses in IP whose subnet holds it, and of no other", async () => {
  const { ips } = await world.add({ ipam: IPAM, args: "IP=11.11.0.1/24;GATEWAY=11.11.0.9,10.10.0.9" });
  expect(ips.map(({ gateway }) => gateway)).toEqual(["10.10.0.254", "3ffe:ffff::1", "11.11.0.9"]);
});

test.each<readonly [string, CallFixture, string]>([
  ["no address at all", { ipam: { addresses: [] } }, "ipam.addresses is []"],
  ["an address without a prefix length", { ipam: IPAM, args: "IP=10.10.0.5" }, 'CNI_ARGS IP is "10.10.0.5"'],
  [
    "a route of a family that runtimeConfig.ips takes away",
    { ipam: IPAM, config: { runtimeConfig: { ips: ["10.10.0.6/24"] } } },
    "route 3ffe:ffff:0:01ff::/64 needs an IPv6 address",
  ],
  ["two IPv4 addresses for cniVersion 0.2.0", { ipam: IPAM, args: "IP=1.1.1.1/8", cniVersion: "0.2.0" }, "2 IPv4"],
  [
    "a route with host bits",
    { ipam: { ...IPAM, routes: [{ dst: "3ffe:ffff:0:01ff::1/64" }] } },
    "route 3ffe:ffff:0:01ff::1/64 has host bits set",
  ],
])("%s is refused, and nothing is taken", async (_, call, message) => {
  await expect(world.add(call)).rejects.toMatchObject({
    code: "bad-config",
    message: expect.stringContaining(message),
  });
  expect(world.leases.faults.calls.filter(({ operation }) => operation !== "listByNode")).toEqual([]);
});
