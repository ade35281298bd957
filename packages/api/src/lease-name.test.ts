import { type Address, parseAddress } from "@cluster-ipam/ip";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isAddressSpace, leaseName, parseLeaseName } from "./lease-name.ts";

const ROWS = [
  ["10.10.20.5", "", "10.10.20.5"],
  ["0.0.0.0", "", "0.0.0.0"],
  ["255.255.255.255", "blue", "blue.255.255.255.255"],
  ["10.0.0.5", "10", "10.10.0.0.5"],
  ["2001:db8::5", "", "2001-0db8-0000-0000-0000-0000-0000-0005"],
  ["::", "", "0000-0000-0000-0000-0000-0000-0000-0000"],
  ["ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "a-1", "a-1.ffff-ffff-ffff-ffff-ffff-ffff-ffff-ffff"],
  [
    "2001:db8::5",
    "2001-0db8-0000-0000-0000-0000-0000-0005",
    "2001-0db8-0000-0000-0000-0000-0000-0005.2001-0db8-0000-0000-0000-0000-0000-0005",
  ],
] as const;

const MAPPED_FIRST = 0xffff_0000_0000n;

const ipv4 = fc.bigInt({ min: 0n, max: (1n << 32n) - 1n }).map((value): Address => ({ family: 4, value }));
const ipv6 = fc
  .bigInt({ min: 0n, max: (1n << 128n) - 1n })
  .filter((value) => value >> 32n !== MAPPED_FIRST >> 32n)
  .map((value): Address => ({ family: 6, value }));
/** Labels of every kind, among them such as look like a part of an address, or a whole one. */
const space = fc.oneof(
  fc.constant(""),
  fc.stringMatching(/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/),
  fc.nat(999).map(String),
  ipv6.map((address) => leaseName(address, "")),
);
const place = fc.record({ address: fc.oneof(ipv4, ipv6), addressSpace: space });

describe("leaseName", () => {
  it.each(ROWS)("names %s in space %j as %s", (text, addressSpace, name) => {
    const address = parseAddress(text);
    if (address === undefined) throw new Error(`${text} is not an address`);

    expect(leaseName(address, addressSpace)).toBe(name);
    expect(parseLeaseName(name)).toEqual({ address, addressSpace });
  });

  it("gives every address of every space a name that reads back as it", () => {
    fc.assert(
      fc.property(place, ({ address, addressSpace }) => {
        expect(parseLeaseName(leaseName(address, addressSpace))).toEqual({ address, addressSpace });
      }),
      { numRuns: 2000 },
    );
  });

  it("gives different places different names that Kubernetes takes", () => {
    fc.assert(
      fc.property(place, place, (a, b) => {
        const [first, second] = [a, b].map(({ address, addressSpace }) => leaseName(address, addressSpace));
        const isSame =
          a.address.family === b.address.family &&
          a.address.value === b.address.value &&
          a.addressSpace === b.addressSpace;
        expect(first === second).toBe(isSame);
        expect(first).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("parseLeaseName", () => {
  it.each([
    "",
    ".",
    "5",
    "lab",
    "0.0.5",
    ".10.0.0.5",
    "10.0.0.5.",
    "10.0.0.05",
    "10.0.0.256",
    "10.0.0.5/24",
    "a.b.10.0.0.5",
    "Blue.10.0.0.5",
    "-blue.10.0.0.5",
    "blue-.10.0.0.5",
    `${"a".repeat(64)}.10.0.0.5`,
    "2001:db8::5",
    "2001-db8-0-0-0-0-0-5",
    "2001-0DB8-0000-0000-0000-0000-0000-0005",
    "2001-0db8-0000-0000-0000-0000-0000-000g",
    "2001-0db8-0000-0000-0000-0000-00000005-",
    "a.b.2001-0db8-0000-0000-0000-0000-0000-0005",
    ".2001-0db8-0000-0000-0000-0000-0000-0005",
    "0000-0000-0000-0000-0000-ffff-0a00-0005",
  ])("takes %j for no address", (name) => {
    expect(parseLeaseName(name)).toBeUndefined();
  });

  it("never takes two names for one place", () => {
    const text = fc.stringMatching(/^[-.0-9a-f]{1,50}$/);
    const mutated = fc
      .tuple(place, fc.nat(80), fc.constantFrom("0", "f", "-", ".", ""))
      .map(([{ address, addressSpace }, at, put]) => {
        const name = leaseName(address, addressSpace);
        return name.slice(0, at) + put + name.slice(at + 1);
      });
    fc.assert(
      fc.property(fc.oneof(text, mutated), (name) => {
        const found = parseLeaseName(name);
        if (found !== undefined) expect(leaseName(found.address, found.addressSpace)).toBe(name);
      }),
      { numRuns: 5000 },
    );
  });
});

describe("isAddressSpace", () => {
  it.each(["", "a", "blue-2", "10", "a".repeat(63)])("takes %j", (text) => expect(isAddressSpace(text)).toBe(true));

  it.each(["A", "a.b", "-a", "a-", "a_b", " ", "a".repeat(64)])("refuses %j", (text) =>
    expect(isAddressSpace(text)).toBe(false),
  );
});
