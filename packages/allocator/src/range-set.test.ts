import { API_VERSION, type IPPool, type IPPoolSpec, type PoolRange } from "@cluster-ipam/api";
import { type Address, formatAddress, formatCidr, parseAddress } from "@cluster-ipam/ip";
import { expect, test } from "vitest";
import { namedSet } from "./named-set.ts";
import { describeRanges, rangeSetsOf, readRange, subnetOf } from "./range-set.ts";

test.for([
  ["10.0.0.0/24", "10.0.0.1-10.0.0.254"],
  ["10.0.0.0/30", "10.0.0.1-10.0.0.2"],
  ["10.0.0.4/31", "10.0.0.4-10.0.0.5"],
  ["10.0.0.5/32", "10.0.0.5"],
  ["10.0.0.0/8", "10.0.0.1-10.255.255.254"],
  ["2001:db8::/64", "2001:db8::1-2001:db8::ffff:ffff:ffff:ffff"],
  ["2001:db8::/126", "2001:db8::1-2001:db8::3"],
  ["2001:db8::4/127", "2001:db8::4-2001:db8::5"],
  ["2001:db8::5/128", "2001:db8::5"],
] as const)("of %s are handed out %s", ([subnet, expected]) => {
  expect(addressesOf([{ subnet }])).toEqual([expected]);
});

test.for([
  [{ subnet: "10.0.0.0/29", gateway: "10.0.0.1" }, "10.0.0.2-10.0.0.6"],
  [{ subnet: "10.0.0.0/29", gateway: "10.0.0.3" }, "10.0.0.1-10.0.0.2, 10.0.0.4-10.0.0.6"],
  [{ subnet: "10.0.0.0/29", gateway: "192.168.0.1" }, "10.0.0.1-10.0.0.6"],
  [{ subnet: "10.0.0.4/31", gateway: "10.0.0.4" }, "10.0.0.5"],
  [{ subnet: "10.0.0.5/32", gateway: "10.0.0.5" }, ""],
  [{ subnet: "2001:db8::/126", gateway: "2001:db8::1" }, "2001:db8::2-2001:db8::3"],
  [{ subnet: "2001:db8::/126", gateway: "fe80::1" }, "2001:db8::1-2001:db8::3"],
  [{ subnet: "2001:db8::4/127", gateway: "2001:db8::5" }, "2001:db8::4"],
  [{ subnet: "10.0.0.0/24", start: "10.0.0.0", end: "10.0.0.3" }, "10.0.0.1-10.0.0.3"],
  [{ subnet: "10.0.0.0/24", start: "10.0.0.250", end: "10.0.0.255" }, "10.0.0.250-10.0.0.254"],
  [{ subnet: "10.0.0.0/24", start: "10.0.0.9", end: "10.0.0.9" }, "10.0.0.9"],
  [{ subnet: "2001:db8::/64", start: "2001:db8::", end: "2001:db8::3" }, "2001:db8::1-2001:db8::3"],
  [{ subnet: "10.0.0.0/29", exclude: ["10.0.0.2", "10.0.0.4/31"] }, "10.0.0.1, 10.0.0.3, 10.0.0.6"],
  [{ subnet: "10.0.0.0/29", exclude: ["10.0.0.3-10.0.0.9"] }, "10.0.0.1-10.0.0.2"],
  [{ subnet: "10.0.0.0/29", exclude: ["10.0.0.0/29"] }, ""],
  [{ subnet: "2001:db8::/125", exclude: ["2001:db8::2-2001:db8::5"] }, "2001:db8::1, 2001:db8::6-2001:db8::7"],
] as const)("of %j are handed out %j", ([range, expected]) => {
  expect(addressesOf([range])).toEqual([expected]);
});

test("the gateway is handed out where the pool does not reserve it", () => {
  const range = { subnet: "10.0.0.0/30", gateway: "10.0.0.1" };
  expect(addressesOf([range], { reserveGateway: false })).toEqual(["10.0.0.1-10.0.0.2"]);
  expect(addressesOf([range], { reserveGateway: true })).toEqual(["10.0.0.2"]);
});

test.for([
  [[{ subnet: "10.0.0.0/29", assign: "OnRequest" }], "10.0.0.1-10.0.0.6", ""],
  [
    [{ subnet: "10.0.0.0/29" }, { subnet: "10.9.0.0/30", assign: "OnRequest" }],
    "10.0.0.1-10.0.0.6, 10.9.0.1-10.9.0.2",
    "10.0.0.1-10.0.0.6",
  ],
  [
    [{ subnet: "10.0.0.0/29" }, { subnet: "10.0.0.0/29", start: "10.0.0.5", assign: "OnRequest" }],
    "10.0.0.1-10.0.0.6",
    "10.0.0.1-10.0.0.4",
  ],
  [
    [{ subnet: "fd00::/125" }, { subnet: "fd00::/125", start: "fd00::4", end: "fd00::5", assign: "OnRequest" }],
    "fd00::1-fd00::7",
    "fd00::1-fd00::3, fd00::6-fd00::7",
  ],
] as const)("of %j are handed out %j, and to any request %j", ([ranges, addresses, open]) => {
  const [set] = rangeSetsOf(pool(ranges));
  expect(set?.addresses.toString()).toBe(addresses);
  expect(set?.open.toString()).toBe(open);
});

test("the gateway of one range is not handed out by another", () => {
  const ranges = [
    { subnet: "10.0.0.0/24", start: "10.0.0.10", end: "10.0.0.20" },
    { subnet: "10.0.0.0/24", start: "10.0.0.30", end: "10.0.0.40", gateway: "10.0.0.15" },
  ];
  expect(addressesOf(ranges)).toEqual(["10.0.0.10-10.0.0.14, 10.0.0.16-10.0.0.20, 10.0.0.30-10.0.0.40"]);
});

test("an exclusion of one range holds for all of the pool", () => {
  const ranges = [{ subnet: "10.0.0.0/30" }, { subnet: "10.0.0.0/29", exclude: ["10.0.0.2"] }];
  expect(addressesOf(ranges)).toEqual(["10.0.0.1, 10.0.0.4-10.0.0.6"]);
});

test("a pool of two families has a set for each, IPv4 first", () => {
  const sets = rangeSetsOf(
    pool([{ subnet: "2001:db8::/126" }, { subnet: "10.0.0.0/30" }, { subnet: "10.0.1.0/30" }], {
      addressSpace: "blue",
    }),
  );
  expect(
    sets.map(({ pool: name, addressSpace, family, subnets }) => [name, addressSpace, family, subnets.length]),
  ).toEqual([
    ["lab", "blue", 4, 2],
    ["lab", "blue", 6, 1],
  ]);
  expect(sets.map(({ addresses }) => String(addresses))).toEqual([
    "10.0.0.1-10.0.0.2, 10.0.1.1-10.0.1.2",
    "2001:db8::1-2001:db8::3",
  ]);
});

test("a pool without ranges has no set", () => {
  expect(rangeSetsOf(pool([]))).toEqual([]);
});

test("the capacity counts what may be handed out", () => {
  const capacities = rangeSetsOf(pool([{ subnet: "10.0.0.0/24", gateway: "10.0.0.1" }, { subnet: "fd00::/64" }])).map(
    ({ addresses }) => addresses.size,
  );
  expect(capacities).toEqual([253n, 2n ** 64n - 1n]);
});

test("an address belongs to the subnet of the first range that holds it", () => {
  const [set] = rangeSetsOf(
    pool([
      { subnet: "10.0.0.0/24", start: "10.0.0.10", end: "10.0.0.20", gateway: "10.0.0.1" },
      { subnet: "10.0.0.0/16", gateway: "10.0.0.2" },
    ]),
  );
  const prefixOf = (text: string): string | undefined => {
    const subnet = set && subnetOf(set, address(text));
    return subnet && `${formatCidr(subnet.cidr)} via ${subnet.gateway && formatAddress(subnet.gateway)}`;
  };
  expect(prefixOf("10.0.0.10")).toBe("10.0.0.0/24 via 10.0.0.1");
  expect(prefixOf("10.0.0.20")).toBe("10.0.0.0/24 via 10.0.0.1");
  expect(prefixOf("10.0.0.21")).toBe("10.0.0.0/16 via 10.0.0.2");
  expect(prefixOf("10.1.0.1")).toBeUndefined();
  expect(prefixOf("fd00::1")).toBeUndefined();
});

test("ranges are described with their subnets", () => {
  const [v4, v6] = rangeSetsOf(
    pool([
      { subnet: "10.0.0.0/24", start: "10.0.0.10", end: "10.0.0.20" },
      { subnet: "10.0.1.0/31" },
      { subnet: "fd00::/126" },
    ]),
  );
  expect(v4 && describeRanges(v4)).toBe("10.0.0.10-10.0.0.20 of 10.0.0.0/24, 10.0.1.0-10.0.1.1 of 10.0.1.0/31");
  expect(v6 && describeRanges(v6)).toBe("fd00::-fd00::3 of fd00::/126");
});

test("ranges of a pool that are on request only are described as such, and addresses that a section names are not", () => {
  const [set] = rangeSetsOf(pool([{ subnet: "10.0.0.0/31" }, { subnet: "10.0.0.8/31", assign: "OnRequest" }]));
  expect(set && describeRanges(set)).toBe(
    "10.0.0.0-10.0.0.1 of 10.0.0.0/31, 10.0.0.8-10.0.0.9 of 10.0.0.8/31 on request only",
  );
  const named = { cidr: { ...address("10.0.0.5"), prefixLength: 24 }, gateway: undefined, source: "ipam.addresses[0]" };
  expect(describeRanges(namedSet(named, ""))).toBe("10.0.0.5-10.0.0.5 of 10.0.0.0/24");
});

test.for([
  [{ subnet: "10.0.0.0" }, 'subnet is "10.0.0.0": expected a CIDR such as 10.0.0.0/24 or 2001:db8::/64'],
  [{ subnet: "10.0.0.5/24" }, 'subnet is "10.0.0.5/24": expected a network without host bits: 10.0.0.0/24'],
  [{ subnet: "fd00::5/64" }, 'subnet is "fd00::5/64": expected a network without host bits: fd00::/64'],
  [{ subnet: "0.0.0.0/0" }, 'subnet is "0.0.0.0/0": expected a network, and not every address there is'],
  [{ subnet: "::/0" }, 'subnet is "::/0": expected a network, and not every address there is'],
  [{ subnet: "10.0.0.0/24", start: "10.0.1.1" }, 'start is "10.0.1.1": expected an address inside 10.0.0.0/24'],
  [{ subnet: "fd00::/64", end: "fd00:0:0:1::" }, 'end is "fd00:0:0:1::": expected an address inside fd00::/64'],
  [{ subnet: "10.0.0.0/24", start: "fd00::1" }, 'start is "fd00::1": expected an IPv4 address, as 10.0.0.0/24 is'],
  [{ subnet: "10.0.0.0/24", start: "" }, 'start is "": expected an IPv4 address, as 10.0.0.0/24 is'],
  [
    { subnet: "10.0.0.0/24", start: "10.0.0.9", end: "10.0.0.8" },
    'start is "10.0.0.9": expected an address that is not after end 10.0.0.8',
  ],
  [{ subnet: "10.0.0.0/24", gateway: "fd00::1" }, 'gateway is "fd00::1": expected an IPv4 address, as 10.0.0.0/24 is'],
  [{ subnet: "fd00::/64", gateway: "10.0.0.1" }, 'gateway is "10.0.0.1": expected an IPv6 address, as fd00::/64 is'],
  [
    { subnet: "10.0.0.0/24", exclude: ["10.0.0.5", "10.0.0.9-10.0.0.8"] },
    'exclude[1] is "10.0.0.9-10.0.0.8": expected an address, a CIDR or a span such as 10.0.0.3-10.0.0.9',
  ],
] as const)("a pool with %j is refused by pool, key and value", ([range, message]) => {
  expect(() => rangeSetsOf(pool([{ subnet: "192.168.0.0/24" }, range]))).toThrow(
    expect.objectContaining({ code: "bad-config", message: `pool lab: ranges[1].${message}` }),
  );
});

test("a dialect's own spelling of the keys stands in the message", () => {
  const keys = { subnet: "range", start: "range_start", end: "range_end", gateway: "gateway" };
  const range: PoolRange = { subnet: "10.0.0.0/24", start: "10.0.0.9", end: "10.0.0.8", assign: "Any" };
  expect(() => readRange(range, "ipam", keys)).toThrow(
    'ipam.range_start is "10.0.0.9": expected an address that is not after range_end 10.0.0.8',
  );
});

function addressesOf(ranges: readonly Partial<PoolRange>[], spec: Partial<IPPoolSpec> = {}): string[] {
  return rangeSetsOf(pool(ranges, spec)).map(({ addresses }) => String(addresses));
}

function pool(ranges: readonly Partial<PoolRange>[], spec: Partial<IPPoolSpec> = {}): IPPool {
  return {
    apiVersion: API_VERSION,
    kind: "IPPool",
    metadata: { name: "lab" },
    spec: {
      ranges: ranges.map((range) => ({ subnet: "", assign: "Any", ...range })),
      addressSpace: "",
      strategy: "Spread",
      coolDownSeconds: 0,
      reserveGateway: true,
      ...spec,
    },
  };
}

function address(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(`${text} is not an address`);
  return parsed;
}
