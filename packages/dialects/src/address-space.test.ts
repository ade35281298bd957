import { isAddressSpace } from "@cluster-ipam/api";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readAddressSpace } from "./address-space.ts";

test.for([
  [{}, "", undefined],
  [{ addressSpace: "" }, "", undefined],
  [{ addressSpace: "blue" }, "blue", "addressSpace"],
  [{ network_name: "" }, "", undefined],
  [{ network_name: "green" }, "green", "network_name"],
  [{ addressSpace: "blue", network_name: "blue" }, "blue", "addressSpace"],
  [{ addressSpace: "", network_name: "green" }, "green", "network_name"],
  [{ enable_overlapping_ranges: true }, "", undefined],
  [{ enable_overlapping_ranges: false }, "lan", "enable_overlapping_ranges"],
  [{ enable_overlapping_ranges: false, addressSpace: "blue" }, "blue", "addressSpace"],
  [{ enable_overlapping_ranges: false, network_name: "green" }, "green", "network_name"],
] as const)("%j is the space %j, by %s", ([section, addressSpace, key]) => {
  expect(readAddressSpace(section, "lan")).toEqual({ addressSpace, key });
});

test.for([
  ["Blue", /^blue-[0-9a-f]{10}$/],
  ["blue_1", /^blue-1-[0-9a-f]{10}$/],
  ["a/b c", /^a-b-c-[0-9a-f]{10}$/],
  ["-", /^[0-9a-f]{10}$/],
  ["ü", /^[0-9a-f]{10}$/],
  ["x".repeat(253), /^x{50}-[0-9a-f]{10}$/],
] as const)("the name %s, no DNS label, becomes one", ([name, expected]) => {
  expect(readAddressSpace({ network_name: name }, "lan").addressSpace).toMatch(expected);
  expect(readAddressSpace({ enable_overlapping_ranges: false }, name).addressSpace).toMatch(expected);
});

test("two names never share a space, and every name has one", () => {
  const name = fc.string({ minLength: 1, maxLength: 253 });
  const property = fc.property(name, name, (one, two) => {
    const spaces = [one, two].map((text) => readAddressSpace({ network_name: text }, "lan").addressSpace);
    expect(spaces.every(isAddressSpace)).toBe(true);
    expect(spaces[0] === spaces[1]).toBe(one === two);
  });
  fc.assert(property);
  expect(readAddressSpace({ network_name: "Blue_1" }, "").addressSpace).not.toBe(
    readAddressSpace({ network_name: "blue-1" }, "").addressSpace,
  );
});

test.for([
  [{ addressSpace: "Blue" }, 'ipam.addressSpace is "Blue": expected a DNS label such as "blue" (a-z, 0-9 and "-")'],
  [{ network_name: 5 }, "ipam.network_name is 5: expected a name of at most 253 characters"],
  [{ network_name: "x".repeat(254) }, "expected a name of at most 253 characters"],
  [{ enable_overlapping_ranges: "false" }, 'ipam.enable_overlapping_ranges is "false": expected true or false'],
  [
    { addressSpace: "blue", enable_overlapping_ranges: 0 },
    "ipam.enable_overlapping_ranges is 0: expected true or false",
  ],
  [
    { addressSpace: "blue", network_name: "green" },
    'ipam.addressSpace is "blue" and ipam.network_name is "green": both name the address space, keep one',
  ],
] as const)("%j is refused", ([section, message]) => {
  expect(() => readAddressSpace(section, "lan")).toThrow(
    expect.objectContaining({ code: "bad-config", message: expect.stringContaining(message) }),
  );
});
