import fc from "fast-check";
import { expect, test } from "vitest";
import { addressBits, type Family, formatAddress, parseAddress } from "./address.ts";
import { type AddressRange, formatRange, parseSpan } from "./address-range.ts";
import { AddressSet } from "./address-set.ts";

/** Highest address of the small universe that the naive model counts through. */
const UNIVERSE = 40n;

const family = fc.constantFrom<Family>(4, 6);
/** Inverted ranges and those of the other family among them: neither holds an address of the set. */
const smallRange: fc.Arbitrary<AddressRange> = fc
  .tuple(family, fc.bigInt({ min: 0n, max: UNIVERSE - 5n }), fc.bigInt({ min: -1n, max: 5n }))
  .map(([of, first, length]) => ({ family: of, first, last: first + length }));
const smallRanges = fc.array(smallRange, { maxLength: 8 });
const offsetBelow = (size: bigint): fc.Arbitrary<bigint> => fc.bigInt({ min: 0n, max: size - 1n });

test.for([
  [["10.0.0.0/30"], [], "10.0.0.0-10.0.0.3", 4n],
  [["10.0.0.4/31"], [], "10.0.0.4-10.0.0.5", 2n],
  [["10.0.0.5/32"], [], "10.0.0.5", 1n],
  [["10.0.0.0/29", "10.0.0.4-10.0.0.9"], [], "10.0.0.0-10.0.0.9", 10n],
  [["10.0.0.8/30", "10.0.0.0/29"], [], "10.0.0.0-10.0.0.11", 12n],
  [["10.0.0.0/28"], ["10.0.0.0", "10.0.0.15", "10.0.0.4-10.0.0.6"], "10.0.0.1-10.0.0.3, 10.0.0.7-10.0.0.14", 11n],
  [["10.0.0.0/28"], ["10.0.0.0/28"], "", 0n],
  [["10.0.0.0/30"], ["::/0"], "10.0.0.0-10.0.0.3", 4n],
  [["0.0.0.0/0"], ["255.255.255.255"], "0.0.0.0-255.255.255.254", 2n ** 32n - 1n],
  [["2001:db8::/127"], [], "2001:db8::-2001:db8::1", 2n],
  [["2001:db8::5/128"], [], "2001:db8::5", 1n],
  [["2001:db8::/126"], ["2001:db8::"], "2001:db8::1-2001:db8::3", 3n],
  [["2001:db8::/64"], ["2001:db8::"], "2001:db8::1-2001:db8::ffff:ffff:ffff:ffff", 2n ** 64n - 1n],
  [["::/0"], [], "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 2n ** 128n],
  [[], [], "", 0n],
] as const)("%j without %j is %j", ([included, excluded, text, size]) => {
  const set = setOf(included, excluded);
  expect(String(set)).toBe(text);
  expect(set.size).toBe(size);
});

test.for([-1n, 6n, 2n ** 64n])("offset %s is outside a set of six", (offset) => {
  const set = setOf(["10.0.0.0/30", "10.0.0.8/31"]);
  expect(() => set.at(offset)).toThrow(new RangeError(`offset ${offset} is outside the set`));
});

test("no offset is inside an empty set", () => {
  expect(() => setOf([]).at(0n)).toThrow(RangeError);
});

test("an address of the other family has no offset", () => {
  expect(setOf(["0.0.0.0/0"]).offsetOf({ family: 6, value: 5n })).toBeUndefined();
  expect(setOf(["::/0"]).has({ family: 4, value: 5n })).toBe(false);
});

test("an IPv6 offset above 2^63 keeps all of its bits", () => {
  const set = setOf(["2001:db8::/32"]);
  const [a, b] = [2n ** 95n + 1n, 2n ** 95n + 2n].map((offset) => formatAddress(set.at(offset)));
  expect([a, b]).toEqual(["2001:db8:8000::1", "2001:db8:8000::2"]);
});

test("a set holds what a naive model holds, in order", () => {
  fc.assert(
    fc.property(family, smallRanges, smallRanges, (of, included, excluded) => {
      const set = AddressSet.of(of, included, excluded);
      const expected = naive(of, included, excluded);
      expect(set.size).toBe(BigInt(expected.length));
      expect(expected.map((_, index) => set.at(BigInt(index)).value)).toEqual(expected);
      for (let value = 0n; value <= UNIVERSE; value += 1n) {
        const index = expected.indexOf(value);
        expect(set.offsetOf({ family: of, value })).toBe(index < 0 ? undefined : BigInt(index));
        expect(set.has({ family: of, value })).toBe(index >= 0);
      }
    }),
    { numRuns: 500 },
  );
});

test("ranges of a set are disjoint, ascending and never adjacent", () => {
  fc.assert(
    fc.property(family, smallRanges, smallRanges, (of, included, excluded) => {
      const { ranges } = AddressSet.of(of, included, excluded);
      for (const [index, range] of ranges.entries()) {
        expect(range.first <= range.last).toBe(true);
        const previous = ranges[index - 1];
        if (previous !== undefined) expect(range.first).toBeGreaterThan(previous.last + 1n);
      }
    }),
  );
});

test("sets overlap exactly when a naive model finds a shared address", () => {
  fc.assert(
    fc.property(family, family, smallRanges, smallRanges, (ofA, ofB, a, b) => {
      const [setA, setB] = [AddressSet.of(ofA, a), AddressSet.of(ofB, b)];
      const isShared = ofA === ofB && naive(ofA, a).some((value) => naive(ofB, b).includes(value));
      expect(setA.overlaps(setB)).toBe(isShared);
      expect(setB.overlaps(setA)).toBe(isShared);
    }),
    { numRuns: 500 },
  );
});

test("sets are equal exactly when a naive model finds the same addresses", () => {
  fc.assert(
    fc.property(family, family, smallRanges, smallRanges, (ofA, ofB, a, b) => {
      const [setA, setB] = [AddressSet.of(ofA, a), AddressSet.of(ofB, b)];
      expect(setA.equals(setB)).toBe(ofA === ofB && String(naive(ofA, a)) === String(naive(ofB, b)));
      expect(setA.equals(AddressSet.of(ofA, a.toReversed()))).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test.for([
  [["10.0.0.0/30"], ["10.0.0.0/29"]],
  [["10.0.0.2/31"], ["10.0.0.0/30"]],
  [["10.0.0.0/30", "10.0.0.8/30"], ["10.0.0.0/30"]],
] as const)("%j is not %j", ([one, other]) => {
  expect(setOf(one).equals(setOf(other))).toBe(false);
});

/** Prefixes as large as pools may be: an IPv4 /8 to /32, an IPv6 /32 to /128, with a few holes each. */
const largeSet = family.chain((of) => {
  const bits = addressBits(of);
  const value = fc.bigInt({ min: 0n, max: 2n ** BigInt(bits) - 1n });
  const range = fc
    .tuple(value, fc.integer({ min: of === 4 ? 8 : 32, max: bits }))
    .map(([address, length]): AddressRange => {
      const host = BigInt(bits - length);
      const first = (address >> host) << host;
      return { family: of, first, last: first + 2n ** host - 1n };
    });
  const ranges = fc.array(range, { minLength: 1, maxLength: 4 });
  return fc.tuple(ranges, fc.array(range, { maxLength: 3 })).map(([included, excluded]) => {
    // Single addresses inside the ranges, so that holes are met.
    const inner = included.map(({ first, last }) => ({
      family: of,
      first: (first + last) / 2n,
      last: (first + last) / 2n,
    }));
    return AddressSet.of(of, included, [...excluded, ...inner]);
  });
});

test("the address at an offset has that offset, in sets of any size", () => {
  const setAndOffset = largeSet
    .filter(({ size }) => size > 0n)
    .chain((set) =>
      fc.tuple(fc.constant(set), fc.oneof(fc.constant(0n), fc.constant(set.size - 1n), offsetBelow(set.size))),
    );
  fc.assert(
    fc.property(setAndOffset, ([set, offset]) => {
      const address = set.at(offset);
      expect(set.offsetOf(address)).toBe(offset);
      expect(set.ranges.some(({ first, last }) => first <= address.value && address.value <= last)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test("a higher offset is a higher address", () => {
  const setAndOffsets = largeSet
    .filter(({ size }) => size > 1n)
    .chain((set) => fc.tuple(fc.constant(set), offsetBelow(set.size - 1n)));
  fc.assert(
    fc.property(setAndOffsets, ([set, offset]) => {
      expect(set.at(offset + 1n).value).toBeGreaterThan(set.at(offset).value);
    }),
  );
});

/** Values of the universe that are in `included` and not in `excluded`, ascending. */
function naive(of: Family, included: readonly AddressRange[], excluded: readonly AddressRange[] = []): bigint[] {
  const holds = (ranges: readonly AddressRange[], value: bigint): boolean =>
    ranges.some((range) => range.family === of && range.first <= value && value <= range.last);
  const universe = Array.from({ length: Number(UNIVERSE) + 1 }, (_, index) => BigInt(index));
  return universe.filter((value) => holds(included, value) && !holds(excluded, value));
}

function setOf(included: readonly string[], excluded: readonly string[] = []): AddressSet {
  const [first = "0.0.0.0"] = included;
  const of = parseAddress(first.split(/[-/]/)[0] ?? "")?.family ?? 4;
  return AddressSet.of(of, included.map(read), excluded.map(read));
}

function read(text: string): AddressRange {
  const range = parseSpan(text);
  if (range === undefined) throw new Error(`${text} is not a span`);
  return range;
}

test.for([
  ["10.0.0.3-10.0.0.20", "10.0.0.3-10.0.0.14"],
  ["10.0.0.0-10.0.0.5", "10.0.0.1-10.0.0.3"],
  ["10.0.0.2-10.0.0.8", "10.0.0.2-10.0.0.8"],
  ["10.0.0.4-10.0.0.6", undefined],
  ["10.0.1.0/24", undefined],
  ["::/0", undefined],
])("within %s the set reaches %s", ([within, expected]) => {
  const spans = ["10.0.0.1-10.0.0.3", "10.0.0.7-10.0.0.14"].flatMap((text) => parseSpan(text) ?? []);
  const span = parseSpan(within ?? "");
  const bounds = span && AddressSet.of(4, spans).boundsWithin(span);
  expect(bounds && formatRange(bounds)).toBe(expected);
});
