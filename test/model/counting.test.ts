import { expect, test } from "vitest";
import { contains } from "./src/block-rules.ts";
import { offerOf, podCidrOffer } from "./src/offer.ts";
import type { PoolPlan, RangePlan } from "./src/small-network.ts";
import { admits, type Zone } from "./src/zone-selector.ts";

const RANGE: RangePlan = { family: 4, start: 12, end: 15, gateway: 13, exclude: [], assign: "Any" };

function poolOf(...ranges: readonly RangePlan[]): PoolPlan {
  return { name: "lan", addressSpace: "", strategy: "Spread", ranges };
}

test("what a pool may hand out is its numbers less gateway, excluded ones, and the subnet's first and last", () => {
  const v6: RangePlan = { ...RANGE, family: 6, start: 0, end: 3, gateway: undefined, exclude: [2] };
  expect([...offerOf(poolOf(RANGE, v6)).unasked]).toEqual(["10.0.0.12", "10.0.0.14", "fd00::1", "fd00::3"]);
});

test("what some range has on request is given to those who ask for it, whatever other range has it too", () => {
  const onRequest: RangePlan = { ...RANGE, start: 9, end: 12, assign: "OnRequest" };
  const { unasked, onRequest: all } = offerOf(poolOf(RANGE, onRequest));
  expect([...unasked]).toEqual(["10.0.0.14"]);
  expect([...all].toSorted()).toEqual(["10.0.0.10", "10.0.0.11", "10.0.0.12", "10.0.0.14", "10.0.0.9"]);
});

test("of a node's own networks all is given but the first two, and the last of IPv4", () => {
  const { unasked } = podCidrOffer(["10.0.0.8/29", "fd00::8/126"]);
  expect([...unasked].filter((address) => address.includes(":"))).toEqual(["fd00::a", "fd00::b"]);
  const v4 = ["10.0.0.10", "10.0.0.11", "10.0.0.12", "10.0.0.13", "10.0.0.14"];
  expect([...unasked].filter((address) => !address.includes(":"))).toEqual(v4);
});

test.for([
  ["10.0.0.4/30", "10.0.0.3", false],
  ["10.0.0.4/30", "10.0.0.4", true],
  ["10.0.0.4/30", "10.0.0.7", true],
  ["10.0.0.4/30", "10.0.0.8", false],
  ["10.0.0.4/30", "fd00::5", false],
  ["fd00::8/125", "fd00::f", true],
  ["fd00::/125", "fd00::8", false],
] as const)("block %s and address %s: %s", ([prefix, address, expected]) => {
  expect(contains({ spec: { prefix, pool: "lan", addressSpace: "", node: "n1" } }, address)).toBe(expected);
});

test.for([
  ["Label", true, false, false],
  ["In", true, false, false],
  ["NotIn", false, true, true],
  ["Exists", true, true, false],
  ["DoesNotExist", false, false, true],
] as const)("a selector with %s of zone a", ([operator, ...expected]) => {
  const zones: readonly Zone[] = ["a", "b", undefined];
  expect(zones.map((zone) => admits({ operator, value: "a" }, zone))).toEqual(expected);
});
