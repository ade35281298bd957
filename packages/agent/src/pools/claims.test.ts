import { type AllocationRequest, type Claim, type FixedAddress, rangeSetsOf } from "@cluster-ipam/allocator";
import type { IPPool, IPPoolSpec } from "@cluster-ipam/api";
import { type Cidr, formatAddress, parseAddress, parseCidr } from "@cluster-ipam/ip";
import { describe, expect, test } from "vitest";
import { poolOf } from "../testing/objects.ts";
import { claimsFor } from "./claims.ts";
import type { SelectedSet } from "./selected-set.ts";

type ClaimsRequest = Pick<AllocationRequest, "fixed" | "named" | "addressSpace" | "podNumber">;

const POD = { namespace: "shop", name: "web-3", uid: "u1" };
const NODE_ADDRESS = cidr("10.0.0.5/24");

const DUAL = selected(
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

function selected(pool: IPPool): SelectedSet[] {
  const { strategy, index } = pool.spec;
  return rangeSetsOf(pool).map((set) => ({ set, strategy, index, retains: false }));
}

function claim(sets: readonly SelectedSet[], request: Partial<ClaimsRequest> = {}): Claim[] {
  const none = { fixed: [], named: [], addressSpace: "", podNumber: undefined };
  return claimsFor(sets, { ...none, ...request }, { pod: POD, nodeAddresses: () => [NODE_ADDRESS] });
}

function fixed(text: string, prefixLength?: number, source = "runtimeConfig.ips[0]"): FixedAddress {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(`${text} is no address`);
  return { address, prefixLength, source };
}

function claimed(sets: readonly SelectedSet[], wanted: readonly FixedAddress[]): (string | undefined)[] {
  return addressesOf(claim(sets, { fixed: wanted }));
}

function addressesOf(claims: readonly Claim[]): (string | undefined)[] {
  return claims.map(({ fixed: address }) => address && formatAddress(address));
}

test("each range set is claimed once, in the order of the sets", () => {
  const claims = claim(DUAL);
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

test.each([
  [
    ["10.0.0.5", "10.0.0.6"],
    ["10.0.0.5", "10.0.0.6"],
  ],
  [
    ["10.0.0.5", "10.0.0.200"],
    ["10.0.0.200", "10.0.0.5"],
  ],
  [
    ["10.0.0.200", "10.0.0.5"],
    ["10.0.0.200", "10.0.0.5"],
  ],
])("of two sets that overlap each gives one of %j", (wanted, expected) => {
  const sets = [...selected(poolOf("wide", ["10.0.0.0/24"])), ...selected(poolOf("narrow", ["10.0.0.0/25"]))];
  const asked = wanted.map((text) => fixed(text));
  expect(claimed(sets, asked)).toEqual(expected);
});

describe("refused is", () => {
  test.each([
    [
      "10.0.0.11",
      25,
      "bad-config",
      'runtimeConfig.ips[0] is "10.0.0.11/25": the subnet of pool lan is a /24, write 10.0.0.11 or 10.0.0.11/24',
    ],
    [
      "fd00::11",
      128,
      "bad-config",
      'runtimeConfig.ips[0] is "fd00::11/128": the subnet of pool lan is a /64, write fd00::11 or fd00::11/64',
    ],
  ])("%s/%d, whose prefix length is not the subnet's", (text, prefixLength, code, message) => {
    expect(() => claim(DUAL, { fixed: [fixed(text, prefixLength)] })).toThrow(
      expect.objectContaining({ code, message }),
    );
  });

  test.each(["10.0.0.9", "10.9.9.9", "fd00::21", "2001:db8::1"])(
    "%s, which no range holds; the ranges are listed",
    (text) => {
      const message =
        `runtimeConfig.ips[0]: address ${text} is in no range of the network: ` +
        "10.0.0.10-10.0.0.20 of 10.0.0.0/24 (pool lan), fd00::10-fd00::20 of fd00::/64 (pool lan)";
      expect(() => claim(DUAL, { fixed: [fixed(text)] })).toThrow(
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
    expect(() => claim(DUAL, { fixed: [fixed(text)] })).toThrow(
      expect.objectContaining({ code: "address-not-in-range", message }),
    );
  });

  test.each([
    ["10.0.0.11", "10.0.0.13"],
    ["fd00::11", "fd00::13"],
  ])("a second fixed address of one set: %s and %s", (first, second) => {
    const wanted = [fixed(first), fixed(second, undefined, "CNI_ARGS IP")];
    const message = `${second} (CNI_ARGS IP) and ${first} (runtimeConfig.ips[0]) are of one range set, which gives one address: ask for one of them`;
    expect(() => claim(DUAL, { fixed: wanted })).toThrow(expect.objectContaining({ code: "bad-config", message }));
  });
});

describe("strategy Index", () => {
  const COUNTED = selected(poolOf("lan", ["10.0.0.0/24", "fd00::/64"], { strategy: "Index" }));

  test("fixes the address of every family by the pod's number", () => {
    expect(addressesOf(claim(COUNTED))).toEqual(["10.0.0.4", "fd00::4"]);
    expect(addressesOf(claim(COUNTED, { podNumber: 9n }))).toEqual(["10.0.0.10", "fd00::a"]);
  });

  test("leaves a set alone that a fixed address is asked of", () => {
    expect(claimed(COUNTED, [fixed("fd00::77")])).toEqual(["10.0.0.4", "fd00::77"]);
  });

  test("reads no number where every set has a fixed address", () => {
    const sets = withIndex({ base: "Start", pattern: "no-such-([0-9]+)" });
    expect(claimed(sets, [fixed("10.0.0.9")])).toEqual(["10.0.0.9"]);
    expect(() => claim(sets)).toThrow(expect.objectContaining({ code: "bad-index" }));
  });

  test("counts from the node's own address where the pool says so", () => {
    expect(addressesOf(claim(withIndex({ base: "Node" })))).toEqual(["10.0.0.8"]);
  });

  test("says what is missing where the node's own address of the family is not known", () => {
    const sets = selected(poolOf("lan", ["fd00::/64"], { strategy: "Index", index: { base: "Node" } }));
    const message =
      "pool lan counts from the node's own address (index.base), and the agent knows no IPv6 address of its node: " +
      "start it with --node-ip";
    expect(() => claim(sets)).toThrow(expect.objectContaining({ code: "bad-config", message }));
  });

  function withIndex(index: IPPoolSpec["index"]): SelectedSet[] {
    return selected(poolOf("lan", ["10.0.0.0/24"], { strategy: "Index", ...(index && { index }) }));
  }
});

describe("addresses that the section names", () => {
  const NAMED = [
    { cidr: cidr("192.0.2.9/24"), gateway: parseAddress("192.0.2.1"), source: "ipam.addresses[0]" },
    { cidr: cidr("2001:db8::9/48"), gateway: undefined, source: "ipam.addresses[1]" },
  ];

  test("are claimed after the sets, fixed, of no pool and in the section's space", () => {
    const claims = claim(DUAL, { named: NAMED, addressSpace: "blue" });
    expect(addressesOf(claims)).toEqual([undefined, undefined, "192.0.2.9", "2001:db8::9"]);
    expect(claims.map(({ set }) => [set.pool, set.addressSpace])).toEqual([
      ["lan", ""],
      ["lan", ""],
      ["", "blue"],
      ["", "blue"],
    ]);
  });

  test("do not take a fixed address that a pod asks for", () => {
    expect(() => claim([], { named: NAMED, fixed: [fixed("192.0.2.9")] })).toThrow(
      "address 192.0.2.9 is in no range of the network: it has none, its ipam section names its addresses itself",
    );
  });
});

function cidr(text: string): Cidr {
  const parsed = parseCidr(text);
  if (parsed === undefined) throw new Error(`${text} is no CIDR`);
  return parsed;
}
