import { type Cidr, networkOf, parseCidr } from "@cluster-ipam/ip";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { blockName, parseBlockName } from "./block-name.ts";

const ROWS = [
  ["10.10.20.0/28", "", "10.10.20.0-28"],
  ["10.0.0.5/32", "", "10.0.0.5-32"],
  ["0.0.0.0/0", "blue", "blue.0.0.0.0-0"],
  ["10.0.0.0/8", "10", "10.10.0.0.0-8"],
  ["10.0.0.0/8", "0-28", "0-28.10.0.0.0-8"],
  ["2001:db8::/64", "", "2001-0db8-0000-0000-0000-0000-0000-0000-64"],
  ["::/128", "", "0000-0000-0000-0000-0000-0000-0000-0000-128"],
  [
    "2001:db8::/64",
    "2001-0db8-0000-0000-0000-0000-0000-0000-64",
    "2001-0db8-0000-0000-0000-0000-0000-0000-64.2001-0db8-0000-0000-0000-0000-0000-0000-64",
  ],
] as const;

const MAPPED = 0xffffn;
const prefix4 = fc
  .tuple(fc.bigInt({ min: 0n, max: (1n << 32n) - 1n }), fc.nat(32))
  .map(([value, prefixLength]): Cidr => networkOf({ family: 4, value, prefixLength }));
const prefix6 = fc
  .tuple(fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), fc.nat(128))
  .map(([value, prefixLength]): Cidr => networkOf({ family: 6, value, prefixLength }))
  .filter(({ value }) => value >> 32n !== MAPPED);
/** Labels of every kind, among them such as look like a part of a block's name, or a whole one. */
const space = fc.oneof(
  fc.constant(""),
  fc.stringMatching(/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/),
  fc.nat(999).map(String),
  fc.nat(32).map((length) => `0-${length}`),
  prefix6.map((prefix) => blockName(prefix, "")),
);
const place = fc.record({ prefix: fc.oneof(prefix4, prefix6), addressSpace: space });

describe("blockName", () => {
  it.each(ROWS)("names %s in space %j as %s", (text, addressSpace, name) => {
    const prefix = parseCidr(text);
    if (prefix === undefined) throw new Error(`${text} is not a prefix`);
    expect(blockName(prefix, addressSpace)).toBe(name);
    expect(parseBlockName(name)).toEqual({ prefix, addressSpace });
  });

  it("gives every prefix of every space a name that reads back as it", () => {
    fc.assert(
      fc.property(place, ({ prefix, addressSpace }) => {
        expect(parseBlockName(blockName(prefix, addressSpace))).toEqual({ prefix, addressSpace });
      }),
      { numRuns: 2000 },
    );
  });

  it("gives different places different names that Kubernetes takes", () => {
    fc.assert(
      fc.property(place, place, (a, b) => {
        const [first, second] = [a, b].map(({ prefix, addressSpace }) => blockName(prefix, addressSpace));
        const isSame =
          a.prefix.family === b.prefix.family &&
          a.prefix.value === b.prefix.value &&
          a.prefix.prefixLength === b.prefix.prefixLength &&
          a.addressSpace === b.addressSpace;
        expect(first === second).toBe(isSame);
        expect(first).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("parseBlockName", () => {
  it.each([
    "",
    "-",
    "28",
    "10.0.0.0",
    "10.0.0.0-",
    "10.0.0.0/28",
    "10.0.0.0-028",
    "10.0.0.0-33",
    "10.0.0.0--28",
    "10.0.0.1-28",
    "10.0.0-28",
    "Blue.10.0.0.0-28",
    "a.b.10.0.0.0-28",
    ".10.0.0.0-28",
    "2001-0db8-0000-0000-0000-0000-0000-0000",
    "2001-0db8-0000-0000-0000-0000-0000-0000-129",
    "2001-0db8-0000-0000-0000-0000-0000-0001-64",
    "2001-db8-0-0-0-0-0-0-64",
    "2001-0DB8-0000-0000-0000-0000-0000-0000-64",
    "0000-0000-0000-0000-0000-ffff-0a00-0000-104",
  ])("takes %j for no block", (name) => {
    expect(parseBlockName(name)).toBeUndefined();
  });

  it("never takes two names for one place", () => {
    const text = fc.stringMatching(/^[-.0-9a-f]{1,50}$/);
    const mutated = fc
      .tuple(place, fc.nat(80), fc.constantFrom("0", "f", "-", ".", ""))
      .map(([{ prefix, addressSpace }, at, put]) => {
        const name = blockName(prefix, addressSpace);
        return name.slice(0, at) + put + name.slice(at + 1);
      });
    fc.assert(
      fc.property(fc.oneof(text, mutated), (name) => {
        const found = parseBlockName(name);
        if (found !== undefined) expect(blockName(found.prefix, found.addressSpace)).toBe(name);
      }),
      { numRuns: 5000 },
    );
  });
});
