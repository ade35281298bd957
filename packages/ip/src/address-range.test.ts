import fc from "fast-check";
import { expect, test } from "vitest";
import { type Family, parseAddress } from "./address.ts";
import { type AddressRange, formatRange, parseSpan, rangeContains, rangesOverlap } from "./address-range.ts";

const family = fc.constantFrom<Family>(4, 6);
/** A small universe, so that ranges meet often. */
const smallRange: fc.Arbitrary<AddressRange> = fc
  .tuple(family, fc.bigInt({ min: 0n, max: 20n }), fc.bigInt({ min: 0n, max: 8n }))
  .map(([of, first, length]) => ({ family: of, first, last: first + length }));

test.for([
  ["10.0.0.5", "10.0.0.5"],
  ["10.0.0.5-10.0.0.5", "10.0.0.5"],
  ["10.0.0.3-10.0.0.9", "10.0.0.3-10.0.0.9"],
  ["10.0.0.8/29", "10.0.0.8-10.0.0.15"],
  ["10.0.0.9/29", "10.0.0.8-10.0.0.15"],
  ["10.0.0.4/31", "10.0.0.4-10.0.0.5"],
  ["10.0.0.5/32", "10.0.0.5"],
  ["0.0.0.0-255.255.255.255", "0.0.0.0-255.255.255.255"],
  ["2001:DB8::5", "2001:db8::5"],
  ["2001:db8::3-2001:db8::9", "2001:db8::3-2001:db8::9"],
  ["2001:db8::/126", "2001:db8::-2001:db8::3"],
  ["2001:db8::4/127", "2001:db8::4-2001:db8::5"],
  ["2001:db8::5/128", "2001:db8::5"],
] as const)("%s is the span %s", ([text, expected]) => {
  expect(formatRange(read(text))).toBe(expected);
});

test.for([
  ["", "nothing"],
  ["-", "no address"],
  ["10.0.0.3-", "no end"],
  ["-10.0.0.3", "no start"],
  ["10.0.0.9-10.0.0.3", "inverted"],
  ["2001:db8::9-2001:db8::3", "inverted"],
  ["10.0.0.1-2001:db8::1", "two families"],
  ["10.0.0.1-10.0.0.2-10.0.0.3", "three addresses"],
  ["10.0.0.0/24-10.0.1.0/24", "a span of networks"],
  ["10.0.0.1 - 10.0.0.3", "white space"],
  ["10.0.0.1-9", "a short end"],
] as const)("%j is no span: %s", ([text]) => {
  expect(parseSpan(text)).toBeUndefined();
});

test.for([
  ["10.0.0.3-10.0.0.9", "10.0.0.2", false],
  ["10.0.0.3-10.0.0.9", "10.0.0.3", true],
  ["10.0.0.3-10.0.0.9", "10.0.0.9", true],
  ["10.0.0.3-10.0.0.9", "10.0.0.10", false],
  ["0.0.0.0-255.255.255.255", "::5", false],
  ["2001:db8::3-2001:db8::9", "2001:db8::9", true],
  ["2001:db8::3-2001:db8::9", "2001:db8::a", false],
] as const)("whether %s holds %s: %s", ([range, address, expected]) => {
  const parsed = parseAddress(address);
  expect(parsed !== undefined && rangeContains(read(range), parsed)).toBe(expected);
});

test("a span is written so that it is read back", () => {
  fc.assert(
    fc.property(smallRange, (range) => {
      expect(parseSpan(formatRange(range))).toEqual(range);
    }),
  );
});

test("ranges overlap exactly when they share an address, whichever is asked", () => {
  fc.assert(
    fc.property(smallRange, smallRange, (a, b) => {
      const isShared = addressesOf(a).some((address) => rangeContains(b, address));
      expect(rangesOverlap(a, b)).toBe(isShared);
      expect(rangesOverlap(b, a)).toBe(isShared);
    }),
    { numRuns: 1_000 },
  );
});

function addressesOf({ family: of, first, last }: AddressRange) {
  return Array.from({ length: Number(last - first) + 1 }, (_, index) => ({ family: of, value: first + BigInt(index) }));
}

function read(text: string): AddressRange {
  const range = parseSpan(text);
  if (range === undefined) throw new Error(`${text} is not a span`);
  return range;
}
