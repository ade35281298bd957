import type { IPPoolSpec, PoolRange } from "@cluster-ipam/api";
import { describe, expect, test } from "vitest";
import { type KnownPool, knownPool } from "../server-facts/known-pool.ts";
import { poolOf } from "../testing/objects.ts";
import { keptAddresses, poolsNear } from "./kept-addresses.ts";

function kept(spec: Partial<IPPoolSpec>, podCidrs: readonly string[] = []): string[] {
  return keptAddresses(knownPool(poolOf("blue", [], spec), undefined), podCidrs).map(String);
}

describe.each([
  { family: "IPv4", subnet: "10.0.0.0/24", base: "10.0.0.", last: "10.0.0.254", whole: "10.0.0.0-10.0.0.255" },
  { family: "IPv6", subnet: "fd00::/120", base: "fd00::", last: "fd00::ff", whole: "fd00::-fd00::ff" },
])("of $family", ({ subnet, base, last, whole }) => {
  const range = (part: Partial<PoolRange>): PoolRange => ({ subnet, assign: "Any", ...part });

  test.each([
    ["a whole subnet", {}, `${base}1-${last}`],
    [
      "a part of one, and the gateway outside it",
      { start: `${base}9`, end: `${base}20`, gateway: `${base}1` },
      `${base}1, ${base}9-${base}20`,
    ],
    ["the gateway inside it", { start: `${base}9`, end: `${base}20`, gateway: `${base}12` }, `${base}9-${base}20`],
    [
      "what is excluded, which is left to others",
      { end: `${base}20`, exclude: [`${base}1-${base}15`] },
      `${base}16-${base}20`,
    ],
    ["what is given on request", { end: `${base}4`, assign: "OnRequest" }, `${base}1-${base}4`],
    ["ranges the wrong way round: their subnets", { start: `${base}9`, end: `${base}2` }, whole],
  ] as const)("%s", (_, part, expected) => {
    expect(kept({ ranges: [range(part)] })).toEqual([expected]);
  });
});

test("both families", () => {
  const ranges = ["10.0.0.0/24", "fd00::/126"].map((subnet) => ({ subnet, assign: "Any" }) as const);
  expect(kept({ ranges })).toEqual(["10.0.0.1-10.0.0.254", "fd00::1-fd00::3"]);
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
