import { BlockList } from "node:net";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Address, addressBits, type Family, formatAddress } from "./address.ts";
import { type Cidr, cidrContains, firstOf, formatCidr, hasHostBits, lastOf, networkOf, parseCidr } from "./cidr.ts";

const family = fc.constantFrom<Family>(4, 6);
const addressOf = (of: Family): fc.Arbitrary<Address> =>
  fc.bigInt({ min: 0n, max: 2n ** BigInt(addressBits(of)) - 1n }).map((value) => ({ family: of, value }));
const anyCidr: fc.Arbitrary<Cidr> = family
  .chain((of) => fc.tuple(addressOf(of), fc.nat(addressBits(of))))
  .map(([address, prefixLength]) => ({ ...address, prefixLength }));
/** IPv4-mapped addresses have no text. */
const writableCidr = anyCidr.filter(({ family: of, value }) => of === 4 || value >> 32n !== 0xffffn);

test.for([
  ["10.0.0.0/24", "10.0.0.0", "10.0.0.255"],
  ["10.0.0.130/25", "10.0.0.128", "10.0.0.255"],
  ["0.0.0.0/0", "0.0.0.0", "255.255.255.255"],
  ["10.0.0.4/31", "10.0.0.4", "10.0.0.5"],
  ["10.0.0.5/31", "10.0.0.4", "10.0.0.5"],
  ["10.0.0.5/32", "10.0.0.5", "10.0.0.5"],
  ["255.255.255.255/32", "255.255.255.255", "255.255.255.255"],
  ["2001:db8::/64", "2001:db8::", "2001:db8::ffff:ffff:ffff:ffff"],
  ["2001:db8::5/64", "2001:db8::", "2001:db8::ffff:ffff:ffff:ffff"],
  ["2001:db8::5/127", "2001:db8::4", "2001:db8::5"],
  ["2001:db8::5/128", "2001:db8::5", "2001:db8::5"],
  ["::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
] as const)("%s goes from %s to %s", ([text, first, last]) => {
  const cidr = read(text);
  const format = (value: bigint): string => formatAddress({ family: cidr.family, value });
  expect([format(firstOf(cidr)), format(lastOf(cidr))]).toEqual([first, last]);
});

test.for([
  ["10.0.0.0", "no length"],
  ["10.0.0.0/", "an empty length"],
  ["/24", "no address"],
  ["10.0.0.0/33", "a length past 32"],
  ["2001:db8::/129", "a length past 128"],
  ["10.0.0.0/024", "a leading zero"],
  ["10.0.0.0/-1", "a sign"],
  ["10.0.0.0/1e1", "an exponent"],
  ["10.0.0.0/24 ", "white space"],
  ["10.0.0.0/255.255.255.0", "a mask"],
  ["10.0.0.0/24/24", "two lengths"],
  ["10.0.0/24", "three octets"],
  ["::ffff:10.0.0.0/120", "IPv4-mapped"],
  ["fe80::1%eth0/64", "a zone"],
] as const)("%j is no CIDR: %s", ([text]) => {
  expect(parseCidr(text)).toBeUndefined();
});

test.for([
  ["10.0.0.0/24", false],
  ["10.0.0.1/24", true],
  ["10.0.0.1/31", true],
  ["10.0.0.1/32", false],
  ["0.0.0.1/0", true],
  ["2001:db8::/32", false],
  ["2001:db8::1/127", true],
  ["2001:db8::1/128", false],
] as const)("whether %s has host bits: %s", ([text, expected]) => {
  expect(hasHostBits(read(text))).toBe(expected);
});

test("host bits are kept until they are cleared", () => {
  const cidr = read("2001:DB8:0::5/64");
  expect(formatCidr(cidr)).toBe("2001:db8::5/64");
  expect(formatCidr(networkOf(cidr))).toBe("2001:db8::/64");
});

test("an address of the other family is in no prefix", () => {
  expect(cidrContains(read("0.0.0.0/0"), { family: 6, value: 5n })).toBe(false);
  expect(cidrContains(read("::/0"), { family: 4, value: 5n })).toBe(false);
});

test("what is written is read back", () => {
  fc.assert(
    fc.property(writableCidr, (cidr) => {
      expect(parseCidr(formatCidr(cidr))).toEqual(cidr);
    }),
  );
});

test("a network has no host bits, the same bounds, and 2^(host bits) addresses", () => {
  fc.assert(
    fc.property(anyCidr, (cidr) => {
      const network = networkOf(cidr);
      expect(hasHostBits(network)).toBe(false);
      expect([firstOf(network), lastOf(network)]).toEqual([firstOf(cidr), lastOf(cidr)]);
      expect(lastOf(cidr) - firstOf(cidr) + 1n).toBe(2n ** BigInt(addressBits(cidr.family) - cidr.prefixLength));
    }),
  );
});

test("a prefix holds the addresses that Node.js says it holds", () => {
  /** The address itself, a neighbour of the bounds, or any other. */
  const pair = writableCidr.chain((cidr) => {
    const max = 2n ** BigInt(addressBits(cidr.family)) - 1n;
    const edges = [cidr.value, firstOf(cidr), firstOf(cidr) - 1n, lastOf(cidr), lastOf(cidr) + 1n];
    const edge = fc.constantFrom(...edges.filter((value) => value >= 0n && value <= max));
    const value = fc
      .oneof(edge, fc.bigInt({ min: 0n, max }))
      .filter((at) => cidr.family === 4 || at >> 32n !== 0xffffn);
    return fc.tuple(fc.constant(cidr), value);
  });
  fc.assert(
    fc.property(pair, ([cidr, value]) => {
      const address = { family: cidr.family, value };
      const type = cidr.family === 4 ? "ipv4" : "ipv6";
      const list = new BlockList();
      list.addSubnet(formatAddress(networkOf(cidr)), cidr.prefixLength, type);
      expect(cidrContains(cidr, address)).toBe(list.check(formatAddress(address), type));
    }),
  );
});

function read(text: string): Cidr {
  const cidr = parseCidr(text);
  if (cidr === undefined) throw new Error(`${text} is not a CIDR`);
  return cidr;
}
