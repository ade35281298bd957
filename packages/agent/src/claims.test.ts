import { type FixedAddress, type RangeSet, rangeSetsOf } from "@cluster-ipam/allocator";
import { formatAddress, parseAddress } from "@cluster-ipam/ip";
import { describe, expect, test } from "vitest";
import { claimsFor } from "./claims.ts";
import { poolOf } from "./testing/objects.ts";

const DUAL = rangeSetsOf(
  poolOf("lan", [], {
    ranges: [
      {
        subnet: "10.0.0.0/24",
        start: "10.0.0.10",
        end: "10.0.0.20",
        gateway: "10.0.0.12",
        exclude: ["10.0.0.15"],
        assign: "Any",
      },
      {
        subnet: "fd00::/64",
        start: "fd00::10",
        end: "fd00::20",
        gateway: "fd00::12",
        exclude: ["fd00::15"],
        assign: "Any",
      },
    ],
  }),
);

function fixed(text: string, prefixLength?: number, source = "runtimeConfig.ips[0]"): FixedAddress {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(`${text} is no address`);
  return { address, prefixLength, source };
}

function claimed(sets: readonly RangeSet[], wanted: readonly FixedAddress[]): (string | undefined)[] {
  return claimsFor(sets, wanted).map((claim) => (claim.fixed === undefined ? undefined : formatAddress(claim.fixed)));
}

test("each range set is claimed once, in the order of the sets", () => {
  const claims = claimsFor(DUAL, []);
  expect(claims.map(({ set }) => set.family)).toEqual([4, 6]);
  expect(claimed(DUAL, [])).toEqual([undefined, undefined]);
});

test.each([
  ["IPv4", ["10.0.0.11"], ["10.0.0.11", undefined]],
  ["IPv6", ["fd00::11"], [undefined, "fd00::11"]],
  ["both families, in any order", ["fd00::11", "10.0.0.11"], ["10.0.0.11", "fd00::11"]],
])("a fixed address goes to the set that holds it: %s", (_, wanted, expected) => {
  expect(
    claimed(
      DUAL,
      wanted.map((text) => fixed(text)),
    ),
  ).toEqual(expected);
});

test("a fixed address may carry the prefix length of its subnet", () => {
  expect(claimed(DUAL, [fixed("10.0.0.11", 24), fixed("fd00::11", 64)])).toEqual(["10.0.0.11", "fd00::11"]);
});

describe("refused is", () => {
  test.each([
    ["10.0.0.11", 25, "bad-config", 'runtimeConfig.ips[0] is "10.0.0.11/25": the subnet of pool lan is a /24'],
    ["fd00::11", 128, "bad-config", 'runtimeConfig.ips[0] is "fd00::11/128": the subnet of pool lan is a /64'],
  ])("%s/%d, whose prefix length is not the subnet's", (text, prefixLength, code, message) => {
    expect(() => claimsFor(DUAL, [fixed(text, prefixLength)])).toThrow(expect.objectContaining({ code, message }));
  });

  test.each(["10.0.0.9", "10.9.9.9", "fd00::21", "2001:db8::1"])(
    "%s, which no range holds; the ranges are listed",
    (text) => {
      const message =
        `runtimeConfig.ips[0]: address ${text} is in no range of the network: ` +
        "10.0.0.10-10.0.0.20 of 10.0.0.0/24 (pool lan), fd00::10-fd00::20 of fd00::/64 (pool lan)";
      expect(() => claimsFor(DUAL, [fixed(text)])).toThrow(
        expect.objectContaining({ code: "address-not-in-range", message }),
      );
    },
  );

  test.each([
    ["the gateway", "10.0.0.12"],
    ["an excluded address", "10.0.0.15"],
    ["the IPv6 gateway", "fd00::12"],
    ["an excluded IPv6 address", "fd00::15"],
  ])("%s, which is never handed out", (_, text) => {
    const message = expect.stringContaining(`address ${text} is never handed out by pool lan`);
    expect(() => claimsFor(DUAL, [fixed(text)])).toThrow(
      expect.objectContaining({ code: "address-not-in-range", message }),
    );
  });

  test.each([
    ["10.0.0.11", "10.0.0.13"],
    ["fd00::11", "fd00::13"],
  ])("a second fixed address of one set: %s and %s", (first, second) => {
    const wanted = [fixed(first), fixed(second, undefined, "CNI_ARGS IP")];
    const message = `${second} (CNI_ARGS IP) and ${first} (runtimeConfig.ips[0]) are of one range set, which gives one address: ask for one of them`;
    expect(() => claimsFor(DUAL, wanted)).toThrow(expect.objectContaining({ code: "bad-config", message }));
  });
});
