import type { IPPoolSpec, PoolRange } from "@cluster-ipam/api";
import { expect, test } from "vitest";
import { type KnownPool, knownPool } from "../server-facts/known-pool.ts";
import { poolOf } from "../testing/objects.ts";
import { keptAddresses, poolsNear } from "./kept-addresses.ts";

function kept(spec: Partial<IPPoolSpec>, podCidrs: readonly string[] = []): string[] {
  return keptAddresses(knownPool(poolOf("blue", [], spec), undefined), podCidrs).map(String);
}

function ranges(...parts: readonly Partial<PoolRange>[]): Partial<IPPoolSpec> {
  return { ranges: parts.map((part) => ({ subnet: "10.0.0.0/24", assign: "Any", ...part })) };
}

test.each([
  ["a whole subnet", ranges({}), ["10.0.0.1-10.0.0.254"]],
  [
    "a part of one, and the gateway outside it",
    ranges({ start: "10.0.0.9", end: "10.0.0.20", gateway: "10.0.0.1" }),
    ["10.0.0.1, 10.0.0.9-10.0.0.20"],
  ],
  [
    "the gateway inside it",
    ranges({ start: "10.0.0.9", end: "10.0.0.20", gateway: "10.0.0.12" }),
    ["10.0.0.9-10.0.0.20"],
  ],
  [
    "what is excluded, which is left to others",
    ranges({ end: "10.0.0.20", exclude: ["10.0.0.0/28"] }),
    ["10.0.0.16-10.0.0.20"],
  ],
  ["what is given on request", ranges({ end: "10.0.0.4", assign: "OnRequest" }), ["10.0.0.1-10.0.0.4"]],
  ["both families", ranges({}, { subnet: "fd00::/126" }), ["10.0.0.1-10.0.0.254", "fd00::1-fd00::3"]],
  [
    "ranges the wrong way round: their subnets",
    ranges({ start: "10.0.0.9", end: "10.0.0.2" }),
    ["10.0.0.0-10.0.0.255"],
  ],
] as const)("%s", (_, spec, expected) => {
  expect(kept(spec)).toEqual(expected);
});

test("a pool of the nodes' own networks keeps those of this node, whole", () => {
  expect(kept({ source: "NodePodCIDR" }, ["10.244.1.0/24", "fd00:1::/64"])).toEqual([
    "10.244.1.0-10.244.1.255",
    "fd00:1::-fd00:1::ffff:ffff:ffff:ffff",
  ]);
  expect(kept({ source: "NodePodCIDR" })).toEqual([]);
});

test("the same pool is read once", () => {
  const known = knownPool(poolOf("blue", ["10.0.0.0/24"]), undefined);
  expect(keptAddresses(known, [])).toBe(keptAddresses(known, []));
});

test("one look tells that no pool is near, in each space and family; the nodes' own are always near", () => {
  const known = (name: string, subnets: readonly string[], spec: Partial<IPPoolSpec> = {}): KnownPool =>
    knownPool(poolOf(name, subnets, spec), undefined);
  const ranged = [known("a", ["10.0.0.0/24"]), known("b", ["10.1.0.0/24", "fd00::/64"], { addressSpace: "lab" })];
  const own = known("own", [], { source: "NodePodCIDR" });
  const pools = [own, ...ranged];
  const near = (subnet: string, addressSpace = ""): string[] => {
    const sets = known("asked", [subnet], { addressSpace }).rangeSets();
    return poolsNear(pools, sets).map(({ pool }) => pool.metadata.name);
  };
  expect(near("10.0.0.64/26")).toEqual(["a", "b", "own"]);
  expect(near("10.0.0.64/26", "lab")).toEqual(["own"]);
  expect(near("10.1.0.0/16")).toEqual(["own"]);
  expect(near("fd00::/120", "lab")).toEqual(["a", "b", "own"]);
  expect(near("fd00::/120")).toEqual(["own"]);
  expect(near("10.0.0.0/8", "elsewhere")).toEqual(["own"]);
});
