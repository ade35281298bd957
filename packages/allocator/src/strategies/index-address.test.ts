import { API_VERSION, type PoolRange } from "@cluster-ipam/api";
import { type Address, formatAddress, parseAddress } from "@cluster-ipam/ip";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type RangeSet, rangeSetsOf } from "../range-set.ts";
import { rangeSetOf } from "../testing/range-set-of.ts";
import { indexAddress } from "./index-address.ts";

type Ranges = readonly Partial<PoolRange>[];

const LAB: Ranges = [{ subnet: "10.0.0.0/24", start: "10.0.0.10", end: "10.0.0.19" }];
/** Written out of order, with a gap between them. */
const TWO: Ranges = [{ subnet: "10.0.1.0/30" }, { subnet: "10.0.0.0/24", start: "10.0.0.10", end: "10.0.0.12" }];
/** The second overlaps the first. */
const OVERLAPPING: Ranges = [
  { subnet: "10.0.0.0/24", start: "10.0.0.10", end: "10.0.0.12" },
  { subnet: "10.0.0.0/16", start: "10.0.0.11", end: "10.0.0.14" },
];

test.for<readonly [string, Ranges, bigint, string]>([
  ["start + 0", LAB, 0n, "10.0.0.10"],
  ["start + 9, the last one", LAB, 9n, "10.0.0.19"],
  ["from the first address that is handed out, not the network's", [{ subnet: "10.0.0.0/24" }], 0n, "10.0.0.1"],
  ["nor the gateway's", [{ subnet: "10.0.0.0/24", gateway: "10.0.0.1" }], 1n, "10.0.0.3"],
  ["nor the subnet-router's", [{ subnet: "fd00::/64" }], 0n, "fd00::1"],
  ["nor an excluded one", [{ subnet: "10.0.0.0/24", exclude: ["10.0.0.0/29"] }], 0n, "10.0.0.8"],
  ["past an exclusion, which keeps its numbers", [{ ...LAB[0], exclude: ["10.0.0.12"] }], 3n, "10.0.0.13"],
  ["with 128 bits", [{ subnet: "fd00::/32" }], 2n ** 96n - 2n, "fd00:0:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["through all of a /8", [{ subnet: "10.0.0.0/8" }], 2n ** 24n - 3n, "10.255.255.254"],
  ["in a /31", [{ subnet: "10.0.0.4/31" }], 1n, "10.0.0.5"],
  ["in a single address", [{ subnet: "fd00::7/128" }], 0n, "fd00::7"],
  ["within the lowest range, wherever it stands", TWO, 2n, "10.0.0.12"],
  ["through the next range after it", TWO, 3n, "10.0.1.1"],
  ["to the end of the last range", TWO, 4n, "10.0.1.2"],
  ["through what ranges share once", OVERLAPPING, 2n, "10.0.0.12"],
  ["and on behind it", OVERLAPPING, 3n, "10.0.0.13"],
  [
    "past a range that serves on request only",
    [...LAB, { subnet: "10.0.0.0/29", assign: "OnRequest" }],
    0n,
    "10.0.0.10",
  ],
])("the count goes %s", ([, ranges, number, expected]) => {
  expect(formatAddress(indexAddress(setOf(ranges), podNumber(number)))).toBe(expected);
});

test.for<readonly [string, Ranges, bigint, string]>([
  ["past the range", LAB, 10n, "lies past the ranges: widen them, or use a lower number"],
  ["far past the range", LAB, 10n ** 30n, "lies past the ranges"],
  ["past the last range", TWO, 5n, "lies past the ranges"],
  ["an excluded address", [{ ...LAB[0], exclude: ["10.0.0.12"] }], 2n, "is 10.0.0.12, which is the gateway, excluded"],
  ["the gateway", [{ ...LAB[0], gateway: "10.0.0.15" }], 5n, "is 10.0.0.15, which is the gateway"],
  [
    "an address on request only",
    [...LAB, { subnet: "10.0.0.12/32", assign: "OnRequest" }],
    2n,
    "is 10.0.0.12, which is",
  ],
  ["in a set without addresses", [{ subnet: "10.0.0.4/31", exclude: ["10.0.0.4/31"] }], 0n, "lies past the ranges"],
])("%s is refused with index, its source and the ranges", ([, ranges, number, why]) => {
  const set = setOf(ranges);
  const taking = (): Address => indexAddress(set, podNumber(number));
  expect(taking).toThrow(expect.objectContaining({ code: "bad-index" }));
  expect(taking).toThrow(`index ${number}, from the name of pod shop/web-${number}, ${why}`);
  for (const { range } of set.subnets) {
    expect(taking).toThrow(formatAddress({ family: 4, value: range.first }));
    expect(taking).toThrow("(pool lab)");
  }
});

test.for<readonly [string, string, bigint, string]>([
  ["10.0.0.0/24", "10.0.0.5", 3n, "10.0.0.8"],
  ["10.0.0.0/16", "10.0.0.250", 10n, "10.0.1.4"],
  ["fd00::/64", "fd00::ff", 1n, "fd00::100"],
  // The node need not be in the pool itself.
  ["10.0.0.0/24", "9.255.255.255", 5n, "10.0.0.4"],
])("in %s the address of node %s plus %s is %s", ([subnet, node, number, expected]) => {
  expect(formatAddress(indexAddress(rangeSetOf(subnet), podNumber(number), address(node)))).toBe(expected);
});

test.for<readonly [string, bigint, string]>([
  ["10.0.0.5", 0n, "is the node's own address 10.0.0.5: count from 1"],
  ["10.0.0.5", 251n, "lies past the ranges (10.0.1.0)"],
  ["10.0.0.5", 250n, "is 10.0.0.255, which is the gateway, excluded, on request only, or the subnet's first or last"],
  ["255.255.255.255", 1n, "lies past the ranges: widen"],
])("in 10.0.0.0/24 node %s plus %s is refused", ([node, number, why]) => {
  const taking = (): Address => indexAddress(rangeSetOf("10.0.0.0/24"), podNumber(number), address(node));
  expect(taking).toThrow(expect.objectContaining({ code: "bad-index" }));
  expect(taking).toThrow(why);
});

test("no two numbers give one address, and every address that is handed out has a number", () => {
  const span = fc
    .tuple(fc.nat(60), fc.nat(20))
    .map(([first, length]) => [first, Math.min(first + length, 63)] as const);
  fc.assert(
    fc.property(fc.array(span, { minLength: 1, maxLength: 4 }), fc.array(span, { maxLength: 3 }), (ranges, holes) => {
      const exclude = holes.map(([first, last]) => `10.0.0.${first}-10.0.0.${last}`);
      const set = setOf(
        ranges.map(([first, last]) => ({
          subnet: "10.0.0.0/26",
          start: `10.0.0.${first}`,
          end: `10.0.0.${last}`,
          exclude,
        })),
      );
      const given = Array.from({ length: 64 }, (_, number) => attempt(set, BigInt(number))).filter(
        (text) => text !== undefined,
      );
      expect(new Set(given).size).toBe(given.length);
      expect(given.length).toBe(Number(set.addresses.size));
    }),
  );
});

function podNumber(value: bigint) {
  return { value, source: `the name of pod shop/web-${value}` };
}

function attempt(set: RangeSet, number: bigint): string | undefined {
  try {
    return formatAddress(indexAddress(set, podNumber(number)));
  } catch {
    return undefined;
  }
}

function setOf(ranges: Ranges): RangeSet {
  const spec = {
    ranges: ranges.map((range) => ({ subnet: "", assign: "Any" as const, ...range })),
    addressSpace: "",
    strategy: "Index" as const,
    coolDownSeconds: 0,
    reserveGateway: true,
  };
  const [set] = rangeSetsOf({ apiVersion: API_VERSION, kind: "IPPool", metadata: { name: "lab" }, spec });
  if (set === undefined) throw new Error("the ranges have no set");
  return set;
}

function address(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(`${text} is not an address`);
  return parsed;
}
