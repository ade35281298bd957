import { API_VERSION, type IPPool, type PoolRange } from "@cluster-ipam/api";
import { type Address, type Family, formatAddress } from "@cluster-ipam/ip";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type RangeSet, rangeSetsOf } from "./range-set.ts";

/** A universe small enough to count through: the model holds it address by address. */
const UNIVERSE_BITS = 8;
const UNIVERSE_SIZE = 1 << UNIVERSE_BITS;
const BASES: Readonly<Record<Family, bigint>> = { 4: 0x0affff00n, 6: 0x20010db8ffffffffffffffffffffff00n };

/** A range in offsets of the universe. */
interface ModelRange {
  readonly hostBits: number;
  readonly first: number;
  readonly start: number | undefined;
  readonly end: number | undefined;
  readonly gateway: number | undefined;
  readonly exclude: readonly Exclusion[];
}

/** Each notation of `exclude`: one address, a CIDR or a span. */
type Exclusion =
  | { readonly kind: "address"; readonly at: number }
  | { readonly kind: "cidr"; readonly at: number; readonly hostBits: number }
  | { readonly kind: "span"; readonly at: number; readonly last: number };

const offset = fc.nat(UNIVERSE_SIZE - 1);
const exclusion: fc.Arbitrary<Exclusion> = fc.oneof(
  fc.record({ kind: fc.constant("address" as const), at: offset }),
  fc.tuple(offset, fc.integer({ min: 0, max: 5 })).map(([at, hostBits]) => ({
    kind: "cidr" as const,
    at: aligned(at, hostBits),
    hostBits,
  })),
  fc.tuple(offset, fc.nat(40)).map(([at, length]) => ({
    kind: "span" as const,
    at,
    last: Math.min(at + length, UNIVERSE_SIZE - 1),
  })),
);
const range: fc.Arbitrary<ModelRange> = fc
  .tuple(offset, fc.integer({ min: 0, max: UNIVERSE_BITS }), fc.array(exclusion, { maxLength: 4 }))
  .chain(([at, hostBits, exclude]) => {
    const first = aligned(at, hostBits);
    const inside = fc.integer({ min: first, max: first + (1 << hostBits) - 1 });
    const bound = fc.option(inside, { nil: undefined });
    return fc.tuple(bound, bound, fc.option(offset, { nil: undefined })).map(([a, b, gateway]) => {
      const isInverted = a !== undefined && b !== undefined && a > b;
      return { hostBits, first, start: isInverted ? b : a, end: isInverted ? a : b, gateway, exclude };
    });
  });

test.for<Family>([4, 6])("IPv%s: a pool hands out what a naive model does", (family) => {
  fc.assert(
    fc.property(fc.array(range, { minLength: 1, maxLength: 4 }), fc.boolean(), (ranges, reserveGateway) => {
      const [set] = rangeSetsOf(poolOf(family, ranges, reserveGateway));
      const expected = handedOut(family, ranges, reserveGateway);
      expect(set && offsetsOf(set)).toEqual(expected);
      expect(set?.addresses.size).toBe(BigInt(expected.length));
      const all = Array.from({ length: UNIVERSE_SIZE }, (_, at) => at);
      expect(all.filter((at) => set?.addresses.has(addressAt(family, at)))).toEqual(expected);
    }),
    { numRuns: 400 },
  );
});

test.for<readonly [string, bigint, string, string]>([
  ["10.0.0.0/8", 2n ** 24n - 2n, "10.0.0.1", "10.255.255.254"],
  ["10.0.0.0/31", 2n, "10.0.0.0", "10.0.0.1"],
  ["10.0.0.9/32", 1n, "10.0.0.9", "10.0.0.9"],
  ["2001:db8::/32", 2n ** 96n - 1n, "2001:db8::1", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["2001:db8::/64", 2n ** 64n - 1n, "2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff"],
  ["2001:db8::4/127", 2n, "2001:db8::4", "2001:db8::5"],
  ["2001:db8::9/128", 1n, "2001:db8::9", "2001:db8::9"],
])("%s hands out %s addresses from %s to %s, each by its number", ([subnet, size, first, last]) => {
  const [set] = rangeSetsOf(pool([{ subnet, assign: "Any" }], true));
  expect(set?.addresses.size).toBe(size);
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: size - 1n }), (number) => {
      const address = set?.addresses.at(number);
      expect(address && set?.addresses.offsetOf(address)).toBe(number);
    }),
    { numRuns: 50 },
  );
  expect(set && [set.addresses.at(0n), set.addresses.at(size - 1n)].map(formatAddress)).toEqual([first, last]);
});

/** The model: every address of the universe is asked by itself. */
function handedOut(family: Family, ranges: readonly ModelRange[], reserveGateway: boolean): number[] {
  const never = new Set<number>();
  for (const { hostBits, first, gateway, exclude } of ranges) {
    if (hostBits >= 2) never.add(first);
    if (hostBits >= 2 && family === 4) never.add(first + (1 << hostBits) - 1);
    if (gateway !== undefined && reserveGateway) never.add(gateway);
    for (const entry of exclude) for (let at = entry.at; at <= lastExcluded(entry); at += 1) never.add(at);
  }
  const isInRange = (at: number): boolean =>
    ranges.some(({ hostBits, first, start, end }) => {
      return at >= (start ?? first) && at <= (end ?? first + (1 << hostBits) - 1);
    });
  return Array.from({ length: UNIVERSE_SIZE }, (_, at) => at).filter((at) => isInRange(at) && !never.has(at));
}

function lastExcluded(entry: Exclusion): number {
  if (entry.kind === "span") return entry.last;
  return entry.kind === "cidr" ? entry.at + (1 << entry.hostBits) - 1 : entry.at;
}

function offsetsOf({ addresses, family }: RangeSet): number[] {
  return Array.from({ length: Number(addresses.size) }, (_, number) =>
    Number(addresses.at(BigInt(number)).value - BASES[family]),
  );
}

function poolOf(family: Family, ranges: readonly ModelRange[], reserveGateway: boolean): IPPool {
  const text = (at: number): string => formatAddress(addressAt(family, at));
  const length = (hostBits: number): number => (family === 4 ? 32 : 128) - hostBits;
  const written = ranges.map(
    ({ hostBits, first, start, end, gateway, exclude }): PoolRange => ({
      subnet: `${text(first)}/${length(hostBits)}`,
      assign: "Any",
      ...(start === undefined ? {} : { start: text(start) }),
      ...(end === undefined ? {} : { end: text(end) }),
      ...(gateway === undefined ? {} : { gateway: text(gateway) }),
      exclude: exclude.map((entry) => {
        if (entry.kind === "span") return `${text(entry.at)}-${text(entry.last)}`;
        return entry.kind === "cidr" ? `${text(entry.at)}/${length(entry.hostBits)}` : text(entry.at);
      }),
    }),
  );
  return pool(written, reserveGateway);
}

function pool(ranges: readonly PoolRange[], reserveGateway: boolean): IPPool {
  const spec = { ranges, addressSpace: "", strategy: "Spread" as const, coolDownSeconds: 0, reserveGateway };
  return { apiVersion: API_VERSION, kind: "IPPool", metadata: { name: "lab" }, spec };
}

function addressAt(family: Family, at: number): Address {
  return { family, value: BASES[family] + BigInt(at) };
}

function aligned(at: number, hostBits: number): number {
  return (at >> hostBits) << hostBits;
}
