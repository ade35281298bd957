import { expect, test } from "vitest";
import { idleRangeKeysIn, readHostLocalSets } from "./host-local.ts";

test.for([
  [{ subnet: "10.0.0.0/24" }, { subnet: "10.0.0.0/24", gateway: "10.0.0.1" }],
  [{ subnet: "2001:db8::/64" }, { subnet: "2001:db8::/64", gateway: "2001:db8::1" }],
  [{ subnet: "10.0.0.0/30" }, { subnet: "10.0.0.0/30", gateway: "10.0.0.1" }],
  [{ subnet: "2001:db8::/126" }, { subnet: "2001:db8::/126", gateway: "2001:db8::1" }],
  [{ subnet: "10.0.0.0/31" }, { subnet: "10.0.0.0/31" }],
  [{ subnet: "10.0.0.5/32" }, { subnet: "10.0.0.5/32" }],
  [{ subnet: "2001:db8::/127" }, { subnet: "2001:db8::/127" }],
  [{ subnet: "2001:db8::5/128" }, { subnet: "2001:db8::5/128" }],
  [
    { subnet: "10.0.0.0/31", gateway: "10.0.0.1" },
    { subnet: "10.0.0.0/31", gateway: "10.0.0.1" },
  ],
  [
    { subnet: "10.0.0.0/24", gateway: "" },
    { subnet: "10.0.0.0/24", gateway: "10.0.0.1" },
  ],
  [
    { subnet: "10.0.0.0/24", gateway: "10.0.0.254" },
    { subnet: "10.0.0.0/24", gateway: "10.0.0.254" },
  ],
  [
    { subnet: "10.0.0.0/24", gateway: "192.168.0.1" },
    { subnet: "10.0.0.0/24", gateway: "192.168.0.1" },
  ],
  [
    { subnet: "2001:db8::/64", gateway: "fe80::1" },
    { subnet: "2001:db8::/64", gateway: "fe80::1" },
  ],
  [
    { subnet: "10.0.0.0/24", rangeStart: "10.0.0.10", rangeEnd: "10.0.0.20" },
    { subnet: "10.0.0.0/24", start: "10.0.0.10", end: "10.0.0.20", gateway: "10.0.0.1" },
  ],
  [
    { subnet: "10.0.0.0/24", rangeStart: "10.0.0.10", rangeEnd: "10.0.0.10" },
    { subnet: "10.0.0.0/24", start: "10.0.0.10", end: "10.0.0.10", gateway: "10.0.0.1" },
  ],
  [
    { subnet: "10.0.0.0/24", rangeStart: "", rangeEnd: "" },
    { subnet: "10.0.0.0/24", gateway: "10.0.0.1" },
  ],
  [
    { subnet: "2001:DB8:0::/64", rangeStart: "2001:DB8::0A", gateway: "2001:db8:0:0::FFFF" },
    { subnet: "2001:db8::/64", start: "2001:db8::a", gateway: "2001:db8::ffff" },
  ],
] as const)("the range %j is read as %j", ([written, expected]) => {
  expect(readHostLocalSets(written)).toEqual([[{ ...expected, assign: "Any" }]]);
  expect(readHostLocalSets({ ranges: [[written]] })).toEqual([[{ ...expected, assign: "Any" }]]);
});

test("the range at the top level comes first, then those of ranges, a set each", () => {
  const section = {
    subnet: "10.0.0.0/24",
    ranges: [[{ SUBNET: "10.0.1.0/24" }, { subnet: "10.0.2.0/24", rangestart: "10.0.2.9" }], [{ subnet: "fd00::/64" }]],
  };
  const subnets = readHostLocalSets(section).map((set) => set.map(({ subnet, start }) => `${subnet} ${start ?? ""}`));
  expect(subnets).toEqual([["10.0.0.0/24 "], ["10.0.1.0/24 ", "10.0.2.0/24 10.0.2.9"], ["fd00::/64 "]]);
});

test("an empty list of ranges beside a range at the top level adds nothing", () => {
  expect(readHostLocalSets({ subnet: "10.0.0.0/24", ranges: [] })).toHaveLength(1);
});

test("keys at the top level without a subnet there are idle beside ranges, as in host-local", () => {
  const section = { ranges: [[{ subnet: "10.0.0.0/24" }]], gateway: "10.0.0.9", rangeStart: "" };
  expect(readHostLocalSets(section)).toEqual([[{ subnet: "10.0.0.0/24", gateway: "10.0.0.1", assign: "Any" }]]);
  expect(idleRangeKeysIn(section)).toEqual(["gateway"]);
});

test.for([
  [{ subnet: "10.0.0.0/24", gateway: "10.0.0.9" }],
  [{ subnet: "10.0.0.0/24", ranges: [], gateway: "10.0.0.9" }],
  [{ gateway: "10.0.0.9" }],
  [{}],
])("no key of %j is idle", ([section]) => {
  expect(idleRangeKeysIn(section ?? {})).toEqual([]);
});

test.for([
  [{ subnet: "10.0.0.0" }, 'subnet is "10.0.0.0": expected a CIDR such as 10.0.0.0/24 or 2001:db8::/64'],
  [{ subnet: "10.0.0.0/33" }, 'subnet is "10.0.0.0/33": expected a CIDR such as 10.0.0.0/24 or 2001:db8::/64'],
  [{ subnet: "" }, 'subnet is "": expected a CIDR such as 10.0.0.0/24 or 2001:db8::/64'],
  [{ subnet: 10 }, "subnet is 10: expected a CIDR such as 10.0.0.0/24"],
  [{ subnet: "x".repeat(10_000) }, `subnet is "${"x".repeat(76)}…: expected a CIDR such as 10.0.0.0/24`],
  [{ rangeStart: "10.0.0.5" }, "subnet is absent: expected a CIDR such as 10.0.0.0/24"],
  [{ subnet: "10.0.0.5/24" }, 'subnet is "10.0.0.5/24": expected a network without host bits: 10.0.0.0/24'],
  [{ subnet: "2001:db8::5/64" }, 'subnet is "2001:db8::5/64": expected a network without host bits: 2001:db8::/64'],
  [
    { subnet: "10.0.0.0/24", rangeStart: "10.0.0.20", rangeEnd: "10.0.0.10" },
    'rangeStart is "10.0.0.20": expected an address that is not after rangeEnd 10.0.0.10',
  ],
  [
    { subnet: "2001:db8::/64", rangeStart: "2001:db8::b", rangeEnd: "2001:db8::a" },
    'rangeStart is "2001:db8::b": expected an address that is not after rangeEnd 2001:db8::a',
  ],
  [
    { subnet: "10.0.0.0/24", rangeStart: "10.0.1.5" },
    'rangeStart is "10.0.1.5": expected an address inside 10.0.0.0/24',
  ],
  [{ subnet: "10.0.0.0/24", rangeEnd: "10.0.1.5" }, 'rangeEnd is "10.0.1.5": expected an address inside 10.0.0.0/24'],
  [
    { subnet: "2001:db8::/64", rangeEnd: "2001:db8:0:1::5" },
    'rangeEnd is "2001:db8:0:1::5": expected an address inside 2001:db8::/64',
  ],
  [
    { subnet: "10.0.0.0/24", rangeStart: "2001:db8::5" },
    'rangeStart is "2001:db8::5": expected an IPv4 address, as 10.0.0.0/24 is',
  ],
  [
    { subnet: "10.0.0.0/24", rangeStart: "10.0.0.5/24" },
    'rangeStart is "10.0.0.5/24": expected an IPv4 address, as 10.0.0.0/24 is',
  ],
  [{ subnet: "10.0.0.0/24", rangeEnd: 5 }, "rangeEnd is 5: expected an address"],
  [{ subnet: "10.0.0.0/24", gateway: "fd00::1" }, 'gateway is "fd00::1": expected an IPv4 address, as 10.0.0.0/24 is'],
  [
    { subnet: "2001:db8::/64", gateway: "10.0.0.1" },
    'gateway is "10.0.0.1": expected an IPv6 address, as 2001:db8::/64 is',
  ],
  [{ subnet: "10.0.0.0/24", gateway: "router" }, 'gateway is "router": expected an IPv4 address, as 10.0.0.0/24 is'],
] as const)("the range %j is refused, wherever it stands", ([written, message]) => {
  expectRefusal(written, `ipam.${message}`);
  expectRefusal({ ranges: [[{ subnet: "192.168.0.0/24" }], [{ ...written }]] }, `ipam.ranges[1][0].${message}`);
});

test.for([
  [{ ranges: [] }, "ipam.ranges is []"],
  [{ ranges: {} }, "ipam.ranges is {}"],
  [{ ranges: "10.0.0.0/24" }, 'ipam.ranges is "10.0.0.0/24"'],
  [{ ranges: [[]] }, "ipam.ranges[0] is []"],
  [{ ranges: [null] }, "ipam.ranges[0] is null"],
  [{ ranges: [{ subnet: "10.0.0.0/24" }] }, 'ipam.ranges[0] is {"subnet":"10.0.0.0/24"}'],
] as const)("%j is no list of range sets", ([section, message]) => {
  expectRefusal(section, `${message}: expected lists of ranges, [[{"subnet": "…"}], …]`);
});

test.for([
  [{ ranges: [["10.0.0.0/24"]] }, 'ipam.ranges[0][0] is "10.0.0.0/24": expected an object with subnet'],
  [{ ranges: [[[]]] }, "ipam.ranges[0][0] is []: expected an object with subnet"],
  [
    { ranges: [[{ subnet: "10.0.0.0/24", rangstart: "" }]] },
    'ipam.ranges[0][0] has the unknown key "rangstart": did you mean "rangeStart"?',
  ],
  [
    { ranges: [[{ subnet: "10.0.0.0/24" }, { subnet: "fd00::/64" }]] },
    "ipam.ranges[0] mixes IPv4 and IPv6: give each a set of its own",
  ],
] as const)("%j is refused", ([section, message]) => {
  expectRefusal(section, message);
});

test.for([
  [{ ranges: [[{ subnet: "10.0.0.0/24" }], [{ subnet: "10.0.0.0/24" }]] }, "ipam.ranges[0][0] and ipam.ranges[1][0]"],
  [{ subnet: "10.0.0.0/16", ranges: [[{ subnet: "10.0.5.0/24" }]] }, "ipam and ipam.ranges[0][0]"],
  [
    { subnet: "10.0.0.0/24", ranges: [[{ subnet: "::a00:40/122" }], [{ subnet: "10.0.0.128/25" }]] },
    "ipam and ipam.ranges[1][0]",
  ],
  [{ ranges: [[{ subnet: "fd00:0:0:5::/64" }], [{ subnet: "fd00::/60" }]] }, "ipam.ranges[1][0] and ipam.ranges[0][0]"],
  [
    {
      ranges: [
        [
          { subnet: "10.0.0.0/24", rangeEnd: "10.0.0.20" },
          { subnet: "10.0.1.0/24" },
          { subnet: "10.0.0.0/24", rangeStart: "10.0.0.20" },
        ],
      ],
    },
    "ipam.ranges[0][0] and ipam.ranges[0][2]",
  ],
] as const)("%j has ranges that overlap", ([section, which]) => {
  expectRefusal(section, `${which} have addresses in common: keep them apart`);
});

test("ranges of one subnet that do not meet are accepted, in any order", () => {
  const high = { subnet: "10.0.0.0/24", rangeStart: "10.0.0.21" };
  const low = { subnet: "10.0.0.0/24", rangeEnd: "10.0.0.20" };
  expect(readHostLocalSets({ ranges: [[high], [{ subnet: "::/96" }], [low]] })).toHaveLength(3);
});

function expectRefusal(section: Readonly<Record<string, unknown>>, message: string): void {
  expect(() => readHostLocalSets(section)).toThrow(expect.objectContaining({ code: "bad-config", message }));
}
