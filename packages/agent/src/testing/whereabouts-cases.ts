/** One range configuration of whereabouts, and what it means here. */
export interface WhereaboutsCase {
  /** What the row is about. */
  readonly about: string;
  readonly ipam: Readonly<Record<string, unknown>>;
  /** What pods get one after the other, lowest free address first; `error:<code>` for an ADD that is refused. */
  readonly given: readonly string[];
  /** What whereabouts does instead, where that is not the same. */
  readonly whereabouts?: string;
}

const FULL = "error:pool-exhausted";
const REFUSED = "error:bad-config";

/** `<prefix><n>/<length>` for each n from `first` to `last`. */
function run(prefix: string, first: number, last: number, length: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, n) => `${prefix}${first + n}/${length}`);
}

const RANGES: readonly WhereaboutsCase[] = [
  { about: "the network address is left out", ipam: { range: "192.168.1.1/24" }, given: ["192.168.1.1/24"] },
  { about: "host bits are no start", ipam: { range: "192.168.1.44/28" }, given: ["192.168.1.33/28"] },
  { about: "host bits of the last address", ipam: { range: "10.0.0.255/24" }, given: ["10.0.0.1/24"] },
  { about: "a /16 by its first host", ipam: { range: "176.168.10.1/16" }, given: ["176.168.0.1/16"] },
  { about: "a /30 has two", ipam: { range: "10.0.0.0/30" }, given: [...run("10.0.0.", 1, 2, 30), FULL] },
  {
    about: "a /28 without network and broadcast address",
    ipam: { range: "192.168.2.225/28" },
    given: [...run("192.168.2.", 225, 238, 28), FULL],
  },
  {
    about: "a /31 has two",
    ipam: { range: "192.168.21.100/31" },
    given: [...run("192.168.21.", 100, 101, 31), FULL],
    whereabouts: 'an error, "net mask is too short"',
  },
  {
    about: "a /32 has one",
    ipam: { range: "192.168.21.100/32" },
    given: ["192.168.21.100/32", FULL],
    whereabouts: 'an error, "net mask is too short"',
  },
  {
    about: "a /127 has two",
    ipam: { range: "2001:db8::/127" },
    given: ["2001:db8::/127", "2001:db8::1/127", FULL],
    whereabouts: 'an error, "net mask is too short"',
  },
  { about: "IPv6 without its subnet-router address", ipam: { range: "::1/126" }, given: ["::1/126", "::2/126"] },
  {
    about: "the last address of IPv6 is one like all others",
    ipam: { range: "2001:db8::/126" },
    given: ["2001:db8::1/126", "2001:db8::2/126", "2001:db8::3/126", FULL],
    whereabouts: "keeps it back, as if IPv6 had broadcasts",
  },
  { about: "a short first group", ipam: { range: "fd::1/116" }, given: ["fd::1/116"] },
  { about: "groups of zero", ipam: { range: "100::2:1/125" }, given: ["100::2:1/125"] },
  { about: "a zero behind ::", ipam: { range: "caa5::0/112" }, given: ["caa5::1/112"] },
  { about: "IPv6 in capitals", ipam: { range: "2001:DB8::/64" }, given: ["2001:db8::1/64"] },
  {
    about: "leading zeros are decimal",
    ipam: { range: "00192.00168.1.0/24", range_start: "00192.00168.1.044", range_end: "192.168.01.045" },
    given: [...run("192.168.1.", 44, 45, 24), FULL],
  },
  { about: "no prefix length", ipam: { range: "192.168.1.0" }, given: [REFUSED] },
  { about: "an octet too large", ipam: { range: "192.168.1.256/24" }, given: [REFUSED] },
  { about: "a length too long", ipam: { range: "192.168.1.0/33" }, given: [REFUSED] },
];

const SPANS: readonly WhereaboutsCase[] = [
  {
    about: "from an address to another",
    ipam: { range: "192.168.1.11-192.168.1.23/24" },
    given: [...run("192.168.1.", 11, 23, 24), FULL],
  },
  {
    about: "a span of one",
    ipam: { range: "192.168.1.5-192.168.1.5/24" },
    given: ["192.168.1.5/24", FULL],
  },
  {
    about: "a span of IPv6",
    ipam: { range: "2001:db8:480:603d:0304:0403:0:0-2001:db8:480:603d:0304:0403:0:4/64" },
    given: ["2001:db8:480:603d:304:403::/64", ...run("2001:db8:480:603d:304:403:0:", 1, 4, 64), FULL],
  },
  {
    about: "leading zeros in a span",
    ipam: { range: "00192.00168.1.5-000000192.168.1.6/24" },
    given: [...run("192.168.1.", 5, 6, 24), FULL],
  },
  {
    about: "a span over the whole subnet leaves out network and broadcast address",
    ipam: { range: "10.0.0.0-10.0.0.3/30" },
    given: [...run("10.0.0.", 1, 2, 30), FULL],
  },
  {
    about: "a span stands over bounds",
    ipam: { range: "10.0.0.5-10.0.0.6/24", range_start: "10.0.0.100", range_end: "10.0.0.200" },
    given: [...run("10.0.0.", 5, 6, 24), FULL],
  },
  { about: "a span that begins elsewhere", ipam: { range: "192.168.1.5-192.168.2.25/28" }, given: [REFUSED] },
  {
    about: "a span backwards",
    ipam: { range: "10.0.0.9-10.0.0.5/24" },
    given: [REFUSED],
    whereabouts: "drops the last address silently",
  },
  { about: "a span over two families", ipam: { range: "10.0.0.9-2001:db8::5/64" }, given: [REFUSED] },
  { about: "a span without a length", ipam: { range: "10.0.0.5-10.0.0.9" }, given: [REFUSED] },
];

const BOUNDS: readonly WhereaboutsCase[] = [
  {
    about: "both bounds",
    ipam: { range: "192.168.1.0/24", range_start: "192.168.1.5", range_end: "192.168.1.12" },
    given: [...run("192.168.1.", 5, 12, 24), FULL],
  },
  {
    about: "an end alone",
    ipam: { range: "10.0.0.0/29", range_end: "10.0.0.3" },
    given: [...run("10.0.0.", 1, 3, 29), FULL],
  },
  {
    about: "a start alone, over an octet's end",
    ipam: { range: "10.0.0.0/23", range_start: "10.0.0.254" },
    given: ["10.0.0.254/23", "10.0.0.255/23", "10.0.1.0/23", "10.0.1.1/23"],
  },
  {
    about: "a start of IPv6",
    ipam: { range: "fd00::1/112", range_start: "fd00::ff" },
    given: ["fd00::ff/112", "fd00::100/112", "fd00::101/112"],
  },
  {
    about: "the network address for a start",
    ipam: { range: "192.168.0.0/29", range_start: "192.168.0.0", range_end: "192.168.0.7" },
    given: [...run("192.168.0.", 1, 6, 29), FULL],
  },
  {
    about: "empty bounds are none",
    ipam: { range: "10.0.0.0/30", range_start: "", range_end: "", exclude: [], gateway: "" },
    given: [...run("10.0.0.", 1, 2, 30), FULL],
  },
  {
    about: "bounds the wrong way round",
    ipam: { range: "192.168.0.0/28", range_start: "192.168.0.9", range_end: "192.168.0.6" },
    given: [REFUSED],
    whereabouts: "drops the end silently",
  },
  {
    about: "an end outside the subnet",
    ipam: { range: "192.168.0.0/29", range_end: "192.168.0.8" },
    given: [REFUSED],
    whereabouts: "drops it silently",
  },
  {
    about: "a start outside the subnet",
    ipam: { range: "192.168.0.0/29", range_start: "192.168.1.1" },
    given: [REFUSED],
    whereabouts: "drops it silently",
  },
  {
    about: "a start that is no address",
    ipam: { range: "192.168.0.0/29", range_start: "192.168.0" },
    given: [REFUSED],
    whereabouts: "drops it silently",
  },
];

const EXCLUDES: readonly WhereaboutsCase[] = [
  {
    about: "the first half excluded",
    ipam: { range: "192.168.0.0/29", exclude: ["192.168.0.0/30"] },
    given: [...run("192.168.0.", 4, 6, 29), FULL],
  },
  {
    about: "the last half excluded",
    ipam: { range: "192.168.0.0/29", exclude: ["192.168.0.4/30"] },
    given: [...run("192.168.0.", 1, 3, 29), FULL],
  },
  {
    about: "a single address excluded",
    ipam: { range: "192.168.0.0/29", exclude: ["192.168.0.1"] },
    given: ["192.168.0.2/29"],
  },
  {
    about: "a single address of IPv6 excluded",
    ipam: { range: "100::2:1/125", exclude: ["100::2:1"] },
    given: ["100::2:2/125"],
  },
  {
    about: "host bits in an excluded CIDR",
    ipam: { range: "100::2:1/125", exclude: ["100::2:1/126"] },
    given: ["100::2:4/125"],
  },
  {
    about: "excluded at both ends and between",
    ipam: { range: "192.168.2.225/28", exclude: ["192.168.2.229/30", "192.168.2.236/32"] },
    given: [
      ...run("192.168.2.", 225, 227, 28),
      ...run("192.168.2.", 232, 235, 28),
      ...run("192.168.2.", 237, 238, 28),
      FULL,
    ],
  },
  {
    about: "excluded out of order",
    ipam: {
      range: "192.168.0.0/28",
      exclude: ["192.168.0.0/30", "192.168.0.14/31", "192.168.0.4/30", "192.168.0.6/31", "192.168.0.8/31"],
    },
    given: [...run("192.168.0.", 10, 13, 28), FULL],
  },
  {
    about: "excluded twice over",
    ipam: {
      range: "192.168.0.0/28",
      exclude: ["192.168.0.0/30", "192.168.0.6/31", "192.168.0.8/31", "192.168.0.4/30"],
    },
    given: ["192.168.0.10/28"],
  },
  {
    about: "addresses and CIDRs mixed",
    ipam: { range: "10.0.0.0/29", exclude: ["10.0.0.1", "10.0.0.2/31", "10.0.0.6"] },
    given: [...run("10.0.0.", 4, 5, 29), FULL],
  },
  {
    about: "a span excluded",
    ipam: { range: "10.0.0.0/29", exclude: ["10.0.0.1-10.0.0.4"] },
    given: [...run("10.0.0.", 5, 6, 29), FULL],
    whereabouts: "an error: spans are new",
  },
  {
    about: "a quarter of a /30 of IPv6 excluded",
    ipam: { range: "2001:db8::/30", exclude: ["2001:db8::0/32"] },
    given: ["2001:db9::/30"],
  },
  {
    about: "many addresses excluded",
    ipam: { range: "2001:db8::/64", exclude: ["2001:db8::/100"] },
    given: ["2001:db8::1000:0/64", "2001:db8::1000:1/64"],
  },
  {
    about: "excluded up to an offset past 2^63",
    ipam: { range: "2001:db8::/64", exclude: ["2001:db8::/65"] },
    given: ["2001:db8:0:0:8000::/64", "2001:db8::8000:0:0:1/64", "2001:db8::8000:0:0:2/64"],
    whereabouts: "offsets are numbers of 64 bits, and collide",
  },
  {
    about: "excluded at the very end of an IPv6 network",
    ipam: { range: "2001:db8::/32", range_start: "2001:db8:ffff:ffff:ffff:ffff:ffff:fffe" },
    given: ["2001:db8:ffff:ffff:ffff:ffff:ffff:fffe/32", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff/32", FULL],
    whereabouts: "offsets are numbers of 64 bits, and collide",
  },
  {
    about: "excluded beyond the subnet",
    ipam: { range: "10.0.0.0/29", exclude: ["10.0.0.4-10.0.1.9", "192.168.0.0/16", "9.0.0.0/8"] },
    given: [...run("10.0.0.", 1, 3, 29), FULL],
  },
  { about: "all excluded", ipam: { range: "10.0.0.0/29", exclude: ["10.0.0.0/24"] }, given: [FULL] },
  {
    about: "a bound inside what is excluded",
    ipam: {
      range: "192.168.0.0/28",
      range_start: "192.168.0.1",
      range_end: "192.168.0.6",
      exclude: ["192.168.0.4/30"],
    },
    given: [...run("192.168.0.", 1, 3, 28), FULL],
  },
  {
    about: "an excluded length too long",
    ipam: { range: "192.168.0.0/29", exclude: ["192.168.0.1/123"] },
    given: [REFUSED],
    whereabouts: "fails only when it looks for a free address",
  },
  {
    about: "an excluded address that is none",
    ipam: { range: "100::2:1/125", exclude: ["100::2::1"] },
    given: [REFUSED],
    whereabouts: "fails only when it looks for a free address",
  },
  { about: "excluded of the other family", ipam: { range: "10.0.0.0/29", exclude: ["fd00::1"] }, given: [REFUSED] },
];

const SEVERAL: readonly WhereaboutsCase[] = [
  { about: "a range in ipRanges", ipam: { ipRanges: [{ range: "192.168.10.1/24" }] }, given: ["192.168.10.1/24"] },
  {
    about: "two families in ipRanges",
    ipam: { ipRanges: [{ range: "192.168.10.1/24" }, { range: "abcd::1/64" }] },
    given: ["192.168.10.1/24 abcd::1/64", "192.168.10.2/24 abcd::2/64"],
  },
  {
    about: "one family twice in ipRanges",
    ipam: { ipRanges: [{ range: "192.168.10.1/24" }, { range: "176.168.10.1/16" }] },
    given: ["192.168.10.1/24 176.168.0.1/16"],
  },
  {
    about: "range stands before ipRanges",
    ipam: { ipRanges: [{ range: "192.168.10.1/24" }], range: "abcd::1/64" },
    given: ["abcd::1/64 192.168.10.1/24"],
  },
  {
    about: "each range of ipRanges has its own bounds and excludes",
    ipam: {
      ipRanges: [
        { range: "10.0.0.0/24", range_start: "10.0.0.9", range_end: "10.0.0.12", exclude: ["10.0.0.10"] },
        { range: "fd00::5-fd00::7/64", exclude: ["fd00::6"] },
      ],
    },
    given: ["10.0.0.9/24 fd00::5/64", "10.0.0.11/24 fd00::7/64", FULL],
  },
  {
    about: "ranges that overlap give two addresses",
    ipam: { range: "10.0.0.0/24", ipRanges: [{ range: "10.0.0.0/25" }] },
    given: ["10.0.0.1/24 10.0.0.2/25"],
    whereabouts: "gives one address twice",
  },
  {
    about: "one range that stands twice",
    ipam: { range: "10.0.0.0/24", ipRanges: [{ range: "10.0.0.9/24" }] },
    given: [REFUSED],
    whereabouts: "gives one address twice",
  },
  {
    about: "keys of a range beside ipRanges mean nothing",
    ipam: { ipRanges: [{ range: "10.0.0.0/24" }], range_start: "10.0.0.9", exclude: ["10.0.0.1"] },
    given: ["10.0.0.1/24"],
  },
  { about: "no range at all", ipam: { range_start: "10.0.0.9" }, given: [REFUSED] },
  {
    about: "the gateway is not given",
    ipam: { range: "10.0.0.0/24", gateway: "10.0.0.1" },
    given: ["10.0.0.2/24 via 10.0.0.1", "10.0.0.3/24 via 10.0.0.1"],
    whereabouts: "hands it out",
  },
  {
    about: "a gateway outside the subnet",
    ipam: { range: "192.168.1.5-192.168.1.25/24", gateway: "192.168.10.1" },
    given: ["192.168.1.5/24 via 192.168.10.1"],
  },
  {
    about: "a gateway outside the subnet of IPv6",
    ipam: { range: "2001::1/116", gateway: "2001::f:1" },
    given: ["2001::1/116 via 2001::f:1"],
  },
  {
    about: "the one gateway is not put on the other family",
    ipam: { ipRanges: [{ range: "10.0.0.0/24" }, { range: "fd00::/64" }], gateway: "10.0.0.254" },
    given: ["10.0.0.1/24 via 10.0.0.254 fd00::1/64"],
    whereabouts: "puts it on both",
  },
  {
    about: "the one gateway is that of the subnet which holds it",
    ipam: { ipRanges: [{ range: "10.0.0.0/24" }, { range: "10.0.1.0/24" }], gateway: "10.0.1.1" },
    given: ["10.0.0.1/24 10.0.1.2/24 via 10.0.1.1"],
    whereabouts: "puts it on both",
  },
  { about: "a gateway of no range's family", ipam: { range: "10.0.0.0/24", gateway: "fd00::1" }, given: [REFUSED] },
  { about: "a gateway that is no address", ipam: { range: "10.0.0.0/24", gateway: "10.0.0" }, given: [REFUSED] },
  {
    about: "addresses of its own come last",
    ipam: {
      range: "192.168.1.44/28",
      gateway: "192.168.1.1",
      addresses: [
        { address: "10.10.0.1/24", gateway: "10.10.0.254" },
        { address: "3ffe:ffff:0:01ff::1/64", gateway: "3ffe:ffff:0::1" },
      ],
    },
    given: [
      "192.168.1.33/28 via 192.168.1.1 10.10.0.1/24 via 10.10.0.254 3ffe:ffff:0:1ff::1/64 via 3ffe:ffff::1",
      "error:address-taken",
    ],
    whereabouts: "gives the addresses to every pod",
  },
];

/** Configurations of whereabouts, with what its tests and its code say of them. */
export const WHEREABOUTS_CASES: readonly WhereaboutsCase[] = [...RANGES, ...SPANS, ...BOUNDS, ...EXCLUDES, ...SEVERAL];
