import { API_VERSION, type IPPoolSpec, type PoolRange } from "@cluster-ipam/api";
import { formatCidr, parseAddress, parseCidr } from "@cluster-ipam/ip";
import fc from "fast-check";
import { expect, test } from "vitest";
import { PoolBlocks } from "./pool-blocks.ts";
import { type RangeSet, rangeSetsOf } from "./range-set.ts";

function setOf(prefixLength: number, ...ranges: readonly Partial<PoolRange>[]): RangeSet {
  const spec: IPPoolSpec = {
    ranges: ranges.map((range) => ({ subnet: "10.0.0.0/24", assign: "Any", ...range })),
    addressSpace: "",
    strategy: "Spread",
    coolDownSeconds: 0,
    reserveGateway: true,
    nodeBlocks: { prefixLength },
  };
  const [set] = rangeSetsOf({ apiVersion: API_VERSION, kind: "IPPool", metadata: { name: "lab" }, spec });
  if (set === undefined) throw new Error("there are no addresses");
  return set;
}

function blocksOf(set: RangeSet): PoolBlocks {
  const blocks = PoolBlocks.of(set);
  if (blocks === undefined) throw new Error("there are no blocks");
  return blocks;
}

function listed(set: RangeSet): string[] {
  const blocks = blocksOf(set);
  return Array.from({ length: Number(blocks.size) }, (_, number) => formatCidr(blocks.at(BigInt(number))));
}

function prefixOf(text: string): NonNullable<ReturnType<typeof parseCidr>> {
  const prefix = parseCidr(text);
  if (prefix === undefined) throw new Error(text);
  return prefix;
}

test("a pool without nodeBlocks has no blocks", () => {
  const { blockLength: _none, ...set } = setOf(28, {});
  expect(PoolBlocks.of(set)).toBeUndefined();
});

test.each([
  ["the whole subnet", 26, [{}], ["10.0.0.0/26", "10.0.0.64/26", "10.0.0.128/26", "10.0.0.192/26"]],
  ["one block", 24, [{}], ["10.0.0.0/24"]],
  [
    "a part of the subnet, at multiples of the length",
    28,
    [{ start: "10.0.0.20", end: "10.0.0.33" }],
    ["10.0.0.16/28", "10.0.0.32/28"],
  ],
  [
    "two ranges of one subnet, each block once",
    27,
    [{ end: "10.0.0.40" }, { start: "10.0.0.50", end: "10.0.0.70" }],
    ["10.0.0.0/27", "10.0.0.32/27", "10.0.0.64/27"],
  ],
  ["two subnets", 25, [{}, { subnet: "10.0.9.0/25" }], ["10.0.0.0/25", "10.0.0.128/25", "10.0.9.0/25"]],
  [
    "none of which all is excluded",
    26,
    [{ exclude: ["10.0.0.64/26", "10.0.0.128/27", "10.0.0.160/27"] }],
    ["10.0.0.0/26", "10.0.0.192/26"],
  ],
  [
    "none that holds but the network address or the gateway",
    31,
    [{ subnet: "10.0.0.0/29", gateway: "10.0.0.3", exclude: ["10.0.0.2"] }],
    ["10.0.0.0/31", "10.0.0.4/31", "10.0.0.6/31"],
  ],
  [
    "none that serves on request alone",
    26,
    [{ end: "10.0.0.127" }, { start: "10.0.0.128", assign: "OnRequest" }],
    ["10.0.0.0/26", "10.0.0.64/26"],
  ],
  ["single addresses", 32, [{ subnet: "10.0.0.0/30" }], ["10.0.0.1/32", "10.0.0.2/32"]],
  ["IPv6", 63, [{ subnet: "2001:db8::/62" }], ["2001:db8::/63", "2001:db8:0:2::/63"]],
] as const)("blocks of %s", (_what, length, ranges, expected) => {
  expect(listed(setOf(length, ...ranges))).toEqual(expected);
});

test("it costs nothing how many blocks there are", () => {
  const blocks = blocksOf(setOf(120, { subnet: "2001:db8::/32" }));
  expect(blocks.size).toBe(1n << 88n);
  expect(formatCidr(blocks.at(blocks.size - 1n))).toBe("2001:db8:ffff:ffff:ffff:ffff:ffff:ff00/120");
});

test("what of the set lies in some blocks is the node's own, and has no blocks of its own", () => {
  const set = setOf(28, { exclude: ["10.0.0.20"] });
  const own = blocksOf(set).within([prefixOf("10.0.0.0/28"), prefixOf("10.0.0.16/28")]);
  expect(own.open.toString()).toBe("10.0.0.1-10.0.0.19, 10.0.0.21-10.0.0.31");
  expect(own).toMatchObject({ pool: "lab", isNodesOwn: true, subnets: set.subnets });
  expect(own.blockLength).toBeUndefined();
  expect(blocksOf(set).within([]).open.size).toBe(0n);
});

test.each(["10.0.0.0/27", "10.0.1.0/28", "10.0.0.0/29", "2001:db8::/28"])(
  "%s is no block of it, and nothing is handed out of it",
  (text) => {
    const blocks = blocksOf(setOf(28, {}));
    expect(blocks.has(prefixOf(text))).toBe(false);
    expect(blocks.within([prefixOf(text)]).open.size).toBe(0n);
  },
);

test("the blocks hold every open address, and each of them once", () => {
  const octet = fc.nat(255).map((last) => `10.0.0.${last}`);
  const exclude = fc.uniqueArray(octet, { maxLength: 8 });
  fc.assert(
    fc.property(fc.integer({ min: 24, max: 32 }), exclude, octet, octet, (length, excluded, a, b) => {
      const [start = a, end = b] = [a, b].toSorted((x, y) => Number(x.split(".")[3]) - Number(y.split(".")[3]));
      const set = setOf(length, { start, end, exclude: excluded });
      const blocks = blocksOf(set);
      const prefixes = Array.from({ length: Number(blocks.size) }, (_, number) => blocks.at(BigInt(number)));
      expect(blocks.within(prefixes).open.toString()).toBe(set.open.toString());
      const sizes = prefixes.map((prefix) => blocks.within([prefix]).open.size);
      expect(sizes.filter((size) => size === 0n)).toEqual([]);
      expect(sizes.reduce((sum, size) => sum + size, 0n)).toBe(set.open.size);
    }),
  );
});

test("an address of another block is none of it", () => {
  const own = blocksOf(setOf(28, {})).within([prefixOf("10.0.0.16/28")]);
  const has = (text: string): boolean => {
    const address = parseAddress(text);
    return address !== undefined && own.open.has(address);
  };
  expect(["10.0.0.15", "10.0.0.16", "10.0.0.31", "10.0.0.32"].map(has)).toEqual([false, true, true, false]);
});
