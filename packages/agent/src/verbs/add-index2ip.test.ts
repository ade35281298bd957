import { beforeEach, expect, test } from "vitest";
import type { CallFixture } from "../testing/cni-calls.ts";
import { type MemoryWorld, memoryWorld } from "../testing/memory-world.ts";

const EPOXY4 = "epoxy.ipv4=4.14.159.112/26,4.14.159.65,8.8.8.8,8.8.4.4";
const EPOXY6 = "epoxy.ipv6=1f::201/64,1f::1,2001:4860:4860::8888,2001:4860:4860::8844";

let files: Record<string, string>;
let world: MemoryWorld;

beforeEach(async () => {
  files = { "/proc/cmdline": `rw ${EPOXY4} ${EPOXY6}\n` };
  world = makeWorld();
  await world.load();
});

function makeWorld(): MemoryWorld {
  return memoryWorld({
    files,
  });
}

/** A call for a pod of this name. */
function of(name: string, index: unknown, call: CallFixture = {}): CallFixture {
  return { containerId: name, pod: { namespace: "shop", name, uid: `uid-${name}` }, ipam: { index }, ...call };
}

test("the pod's number on the node's kernel command line gives addresses, gateways, default routes and DNS", async () => {
  expect(await world.add(of("ndt", 12))).toEqual({
    ips: [
      { address: "4.14.159.124/26", family: 4, gateway: "4.14.159.65" },
      { address: "1f::213/64", family: 6, gateway: "1f::1" },
    ],
    routes: [
      { dst: "0.0.0.0/0", gw: "4.14.159.65" },
      { dst: "::/0", gw: "1f::1" },
    ],
    dns: { nameservers: ["8.8.8.8", "8.8.4.4", "2001:4860:4860::8888", "2001:4860:4860::8844"] },
  });
  const leases = world.leases.snapshot().map(({ spec }) => [spec.address, spec.pool, spec.holder, spec.gateway]);
  expect(leases).toHaveLength(2);
  expect(leases).toContainEqual(["4.14.159.124", "", "shop/ndt/net1", "4.14.159.65"]);
  expect(leases).toContainEqual(["1f::213", "", "shop/ndt/net1", "1f::1"]);
  // None is made; they are listed for those that serve some nodes or namespaces only.
  expect(world.pools.faults.calls).toEqual([{ operation: "list", name: "" }]);
});

test("ipam.index wins over the number in the name, which serves where there is none", async () => {
  expect((await world.add(of("poc-index4", 5))).ips[0]?.address).toBe("4.14.159.117/26");
  expect((await world.add(of("ndt-index3-111234-aa3b1", {}))).ips[0]?.address).toBe("4.14.159.115/26");
});

test("a second holder is refused by name, and gets nothing", async () => {
  await world.add(of("first", 3));
  await expect(world.add(of("second", 3))).rejects.toMatchObject({
    code: "address-taken",
    message: expect.stringContaining("address 4.14.159.115 is held by pod shop/first (interface net1) on node n1"),
  });
  expect(world.leases.snapshot()).toHaveLength(2);
});

test("the command line is read at each call; without epoxy.ipv6 there is IPv4 only", async () => {
  await world.add(of("first", 1));
  files["/proc/cmdline"] = EPOXY4.replace("4.14.159.112", "4.14.159.100");
  const { ips, routes } = await world.add(of("second", 2));
  expect(ips.map(({ address }) => address)).toEqual(["4.14.159.102/26"]);
  expect(routes).toEqual([{ dst: "0.0.0.0/0", gw: "4.14.159.65" }]);
});

test("routes and DNS of the section stand over those of the command line", async () => {
  const ipam = { index: 1, routes: [{ dst: "10.0.0.0/8" }], dns: { nameservers: ["10.0.0.53"] } };
  const { routes, dns } = await world.add(of("ndt", 1, { ipam }));
  expect(routes).toEqual([{ dst: "10.0.0.0/8" }]);
  expect(dns).toEqual({ nameservers: ["10.0.0.53"] });
});

test("without the command line only those routes appear that the section holds", async () => {
  const ipam = { index: { base: "10.0.0.5/24" } };
  expect(await world.add(of("web-index2", {}, { ipam }))).toEqual({
    ips: [{ address: "10.0.0.7/24", family: 4 }],
    routes: [],
    dns: undefined,
  });
});

test.each<readonly [string, CallFixture, string, string]>([
  ["past the last octet", of("a", 144), "bad-index", "expected 1 to 143"],
  ["below 1", of("a", 0), "bad-index", "expected 1 to 143"],
  [
    "past the last group",
    of("a", { base: "fd00::7990/64" }, { pod: podOf("index12") }),
    "bad-index",
    "expected 1 to 9",
  ],
  ["no number in the name", of("web", {}), "bad-index", "index([0-9]+)"],
  ["no pod", of("web", {}, { pod: undefined }), "bad-index", "K8S_POD_NAME"],
  ["a pattern without end", of("a".repeat(40), { pattern: "(a+)+b([0-9])" }), "bad-config", "too long"],
  ["a pattern that is none", of("web", { pattern: "web-([0-9)" }), "bad-config", "ipam.index.pattern"],
  ["a route without an address of its family", routed("fd00::/8"), "bad-config", "route fd00::/8"],
  ["a route with host bits", routed("10.0.0.1/8"), "bad-config", "route 10.0.0.1/8"],
  ["a fixed address", of("a", 1, { args: "IP=4.14.159.120" }), "address-not-in-range", "names its addresses itself"],
])("%s is refused, and nothing is taken", async (_, call, code, message) => {
  files["/proc/cmdline"] = EPOXY4;
  await expect(world.add(call)).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  expect(world.leases.faults.calls.filter(({ operation }) => operation === "create")).toEqual([]);
});

test("a command line without epoxy.ipv4 is refused by name", async () => {
  files["/proc/cmdline"] = EPOXY6;
  await expect(world.add(of("a", 1))).rejects.toThrow("the node's kernel command line has no epoxy.ipv4");
});

function podOf(name: string): NonNullable<CallFixture["pod"]> {
  return { namespace: "shop", name, uid: `uid-${name}` };
}

function routed(dst: string): CallFixture {
  return of("a", 1, { ipam: { index: 1, routes: [{ dst }] } });
}
