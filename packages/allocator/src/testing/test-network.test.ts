import { expect, test } from "vitest";
import { FAMILIES, IPV4, IPV6, TestNetwork } from "./test-network.ts";

test("addresses are told by their numbers, and parts by their sizes", () => {
  expect(FAMILIES.map(({ network }) => [network.at(10), network.part(8), network.part(2, 4)])).toEqual([
    ["10.0.0.10", "10.0.0.0/29", "10.0.0.4/31"],
    ["fd00::a", "fd00::/125", "fd00::4/127"],
  ]);
});

test("a network has its own addresses, in any spelling, and no others", () => {
  expect(["FD00::0:7", "fd00:7::7", "10.0.0.7", "fd00::/64"].map((text) => IPV6.network.has(text))).toEqual([
    true,
    false,
    false,
    false,
  ]);
});

test("a lease has the name that the API server asks for", () => {
  expect(IPV4.network.nameAt(7)).toBe("10.0.0.7");
  expect(IPV6.network.nameAt(7)).toBe("fd00-0000-0000-0000-0000-0000-0000-0007");
});

test("what is no network is refused", () => {
  expect(() => new TestNetwork("10.0.0.0")).toThrow('"10.0.0.0" is not a network');
});
