import { isIP, isIPv4, isIPv6 } from "node:net";
import fc from "fast-check";
import { collapseIPv6Number, IPv4, IPv6 } from "ip-num";
import { expect, test } from "vitest";
import { type Address, addressBits, formatAddress, ipv6Groups, isCanonicalAddress, parseAddress } from "./address.ts";

const IPV4_MAPPED_PREFIX = 0xffffn;

const ipv4 = fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }).map((value): Address => ({ family: 4, value }));
/** Groups that are often zero: runs of zeros are what the spelling turns on. */
const ipv6 = fc
  .array(fc.oneof(fc.constant(0), fc.constant(1), fc.nat(0xffff)), { minLength: 8, maxLength: 8 })
  .map((groups): Address => ({ family: 6, value: groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n) }))
  .filter(({ value }) => value >> 32n !== IPV4_MAPPED_PREFIX);
const anyAddress = fc.oneof(ipv4, ipv6);

/** Texts that are nearly addresses: every mistake is one token away. */
const nearlyIpv6 = fc
  .array(fc.constantFrom("", "0", "1", "abcd", "FFFF", "00001", "g", "1.2.3.4"), { minLength: 1, maxLength: 10 })
  .map((groups) => groups.join(":"));
const nearlyIpv4 = fc
  .array(fc.constantFrom("0", "1", "10", "99", "255", "256", "01", "", "-1", "1e1", " 1"), {
    minLength: 3,
    maxLength: 5,
  })
  .map((octets) => octets.join("."));

test.for([
  ["0.0.0.0", 4, 0n],
  ["10.0.0.5", 4, 0x0a000005n],
  ["255.255.255.255", 4, 0xffffffffn],
  ["::", 6, 0n],
  ["::1", 6, 1n],
  ["1::", 6, 1n << 112n],
  ["2001:DB8::5", 6, 0x20010db8000000000000000000000005n],
  ["2001:0db8:0000:0000:0000:0000:0000:0005", 6, 0x20010db8000000000000000000000005n],
  ["1:2:3:4:5:6:7::", 6, 0x00010002000300040005000600070000n],
  ["::2:3:4:5:6:7:8", 6, 0x00000002000300040005000600070008n],
  ["64:ff9b::a00:5", 6, 0x0064ff9b00000000000000000a000005n],
  ["ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 6, 2n ** 128n - 1n],
] as const)("%s is read", ([text, family, value]) => {
  expect(parseAddress(text)).toEqual({ family, value });
});

test.for([
  ["", "nothing"],
  ["10.0.0", "three octets"],
  ["10.0.0.5.6", "five octets"],
  ["10.0.0.256", "an octet past 255"],
  ["10.0.0.05", "a leading zero, which some read as octal"],
  ["10.0.0.5 ", "white space"],
  ["10.0.0.5\n", "a line end"],
  ["10.0.0.5/24", "a prefix length"],
  ["0x0a.0.0.5", "hexadecimal"],
  ["10.0.0.-5", "a sign"],
  ["167772165", "one number"],
  ["localhost", "a name"],
  ["1:2:3:4:5:6:7", "seven groups"],
  ["1:2:3:4:5:6:7:8:9", "nine groups"],
  ["1:2:3:4::5:6:7:8", "a gap of no group"],
  ["1::2::3", "two gaps"],
  [":::", "three colons"],
  [":1::2", "a leading colon"],
  ["1::2:", "a trailing colon"],
  ["::10000", "a group of five digits"],
  ["::g", "a letter that is no digit"],
  ["[::1]", "brackets"],
  ["::1/64", "a prefix length"],
  ["fe80::1%eth0", "a zone"],
  ["::ffff:10.0.0.5", "IPv4-mapped, mixed"],
  ["::ffff:a00:5", "IPv4-mapped"],
  ["64:ff9b::10.0.0.5", "mixed"],
] as const)("%j is no address: %s", ([text]) => {
  expect(parseAddress(text)).toBeUndefined();
});

test.for([
  [0n, "0.0.0.0"],
  [0xffffffffn, "255.255.255.255"],
  [0xc0000201n, "192.0.2.1"],
] as const)("IPv4 %s is written %s", ([value, text]) => {
  expect(formatAddress({ family: 4, value })).toBe(text);
});

test.for([
  [0n, "::", "all zero"],
  [1n, "::1", "zeros in front"],
  [1n << 112n, "1::", "zeros at the end"],
  [0x20010db8000000000001000000000001n, "2001:db8::1:0:0:1", "two runs of one length: the first is shortened"],
  [0x20010000000000010000000000000001n, "2001:0:0:1::1", "the longer run is shortened"],
  [0x20010db8000000010001000100010001n, "2001:db8:0:1:1:1:1:1", "one zero group stays"],
  [0x0000000100000001000000010000fffen, "0:1:0:1:0:1:0:fffe", "single zero groups stay"],
  [0xabcdn, "::abcd", "lower case"],
] as const)("IPv6 %s is written %s: %s", ([value, text]) => {
  expect(formatAddress({ family: 6, value })).toBe(text);
});

test.for([
  ["10.0.0.5", true],
  ["2001:db8::5", true],
  ["2001:DB8::5", false],
  ["2001:db8:0::5", false],
  ["2001:db8::05", false],
  ["1:0:0:2::", true],
  ["1::2:0:0:0:0", false],
  ["not an address", false],
] as const)("whether %s is canonical: %s", ([text, expected]) => {
  expect(isCanonicalAddress(text)).toBe(expected);
});

test("an address has 32 or 128 bits", () => {
  expect([addressBits(4), addressBits(6)]).toEqual([32, 128]);
});

test("an IPv6 address has eight groups", () => {
  expect(ipv6Groups(0x20010db8000000000000ffff00010005n)).toEqual([0x2001, 0xdb8, 0, 0, 0, 0xffff, 1, 5]);
});

test("what is written is read back", () => {
  fc.assert(
    fc.property(anyAddress, (address) => {
      expect(parseAddress(formatAddress(address))).toEqual(address);
      expect(isCanonicalAddress(formatAddress(address))).toBe(true);
    }),
  );
});

test("IPv4 is written as ip-num and the URL standard write it", () => {
  fc.assert(
    fc.property(ipv4, (address) => {
      const text = formatAddress(address);
      expect(text).toBe(new IPv4(address.value).toString());
      expect(text).toBe(new URL(`http://${text}/`).hostname);
    }),
  );
});

test("IPv6 is written as ip-num and the URL standard write it", () => {
  fc.assert(
    fc.property(ipv6, (address) => {
      const text = formatAddress(address);
      expect(text).toBe(collapseIPv6Number(new IPv6(address.value).toString()));
      expect(`[${text}]`).toBe(new URL(`http://[${text}]/`).hostname);
    }),
  );
});

test("any spelling of one IPv6 address is read as that address", () => {
  fc.assert(
    fc.property(ipv6, fc.boolean(), fc.boolean(), (address, isPadded, isUpperCase) => {
      const groups = ipv6Groups(address.value).map((group) => group.toString(16).padStart(isPadded ? 4 : 1, "0"));
      const text = groups.join(":");
      expect(parseAddress(isUpperCase ? text.toUpperCase() : text)).toEqual(address);
    }),
  );
});

test("texts are read exactly where Node.js knows an address, the documented forms excepted", () => {
  const text = fc.oneof(nearlyIpv4, nearlyIpv6, fc.ipV4(), fc.ipV6(), fc.string());
  fc.assert(
    fc.property(text, (candidate) => {
      const family = isIP(candidate);
      const isExcepted = family === 6 && (candidate.includes(".") || candidate.includes("%") || isMapped(candidate));
      expect(parseAddress(candidate)?.family ?? 0).toBe(isExcepted ? 0 : family);
    }),
    { numRuns: 3_000 },
  );
});

test("nearly right texts really are of both kinds", () => {
  const share = (texts: readonly string[], isRight: (text: string) => boolean): number =>
    texts.filter((text) => isRight(text)).length / texts.length;
  expect(share(fc.sample(nearlyIpv6, { numRuns: 2_000, seed: 1 }), isIPv6)).toBeGreaterThan(0.01);
  expect(share(fc.sample(nearlyIpv4, { numRuns: 2_000, seed: 1 }), isIPv4)).toBeGreaterThan(0.005);
});

/** By the URL standard's spelling of the address. */
function isMapped(text: string): boolean {
  return /^\[::ffff:[0-9a-f]+:[0-9a-f]+\]$/.test(new URL(`http://[${text}]/`).hostname);
}
