import type { BadRow, Fields, GoodRow } from "./row.ts";

/** A pool of one IPv4 range with some fields of the range changed. */
export function range4(change: Fields = {}): Fields {
  return { ranges: [{ subnet: "10.0.0.0/24", ...change }] };
}

/** The same for IPv6. */
export function range6(change: Fields = {}): Fields {
  return { ranges: [{ subnet: "2001:db8::/64", ...change }] };
}

const DUAL = { ranges: [{ subnet: "10.0.0.0/24" }, { subnet: "2001:db8::/64" }] };
const NOT_AN_ADDRESS = "not an IP address: expected one such as 10.0.0.5 or 2001:db8::5";
const NOT_AN_EXCLUSION = "not an address, a CIDR or a span of two addresses of one family";

/** Pools that must be stored. */
export const GOOD_POOLS: readonly GoodRow[] = [
  { what: "one IPv4 range", spec: range4() },
  { what: "one IPv6 range", spec: range6({ start: "2001:db8::10", end: "2001:db8::ffff", gateway: "fe80::1" }) },
  { what: "both families", spec: { ...DUAL, routes: [{ dst: "0.0.0.0/0", gw: "10.0.0.1" }, { dst: "::/0" }] } },
  { what: "single addresses", spec: { ranges: [{ subnet: "10.0.0.5/32" }, { subnet: "2001:db8::5/128" }] } },
  {
    what: "two ranges of one subnet",
    spec: {
      ranges: [
        { subnet: "10.0.0.0/24", end: "10.0.0.9" },
        { subnet: "10.0.0.0/24", start: "10.0.0.20" },
      ],
    },
  },
  {
    what: "a subnet in another one, their addresses apart",
    spec: { ranges: [{ subnet: "10.0.0.0/16", start: "10.0.9.0" }, { subnet: "10.0.1.0/24" }] },
  },
  { what: "every kind of exclusion", spec: range4({ exclude: ["10.0.0.5", "10.0.0.8/29", "10.0.0.20-10.0.0.29"] }) },
  {
    what: "every kind of IPv6 exclusion",
    spec: range6({ exclude: ["2001:db8::5", "2001:db8::/96", "2001:db8::a-2001:db8::f"] }),
  },
  {
    what: "one destination in two tables",
    spec: { ...range4(), routes: [{ dst: "10.9.0.0/16" }, { dst: "10.9.0.0/16", table: 100 }] },
  },
  { what: "the nodes' own ranges", spec: { source: "NodePodCIDR" } },
  { what: "blocks", spec: { ranges: [{ subnet: "2001:db8::/48" }], nodeBlocks: { prefixLength: 64 } } },
  { what: "index", spec: { ...range4(), strategy: "Index", index: { pattern: "index([0-9]+)" } } },
  {
    what: "a time to keep addresses",
    spec: { ...range4(), retain: { policy: "StatefulSet", seconds: 600 }, coolDownSeconds: 30 },
  },
  {
    what: "DNS",
    spec: {
      ...range4(),
      dns: { nameservers: ["10.0.0.53", "2001:db8::53"], search: ["lab.example"], options: ["ndots:2"] },
    },
  },
  {
    what: "a gw that another route leads to, and one that the gateway of a range is",
    spec: {
      ranges: [{ subnet: "10.0.0.0/24", gateway: "192.0.2.1" }],
      routes: [
        { dst: "198.51.100.1/32" },
        { dst: "10.9.0.0/16", gw: "198.51.100.1" },
        { dst: "10.8.0.0/16", gw: "192.0.2.1" },
      ],
    },
  },
  { what: "a link-local gw", spec: { ...range6(), routes: [{ dst: "::/0", gw: "fe80::1" }] } },
  { what: "the routers' own address of IPv6 as gateway", spec: range6({ gateway: "2001:db8::" }) },
  {
    what: "a gateway that is the first of two addresses",
    spec: range4({ subnet: "10.0.0.0/31", gateway: "10.0.0.0" }),
  },
  {
    what: "as many blocks as there may be",
    spec: { ...range4({ subnet: "10.0.0.0/16" }), nodeBlocks: { prefixLength: 32 } },
  },
  { what: "an empty selector", spec: { ...range4(), nodeSelector: {} } },
  {
    what: "selectors",
    spec: {
      ...range4(),
      nodeSelector: { matchLabels: { "mlab/type": "physical", team: "", [`a.b-c/${"x".repeat(63)}`]: "A_b.c-9" } },
      namespaceSelector: { matchExpressions: [{ key: "team", operator: "Exists" }] },
    },
  },
];

/** Pools that must be refused, one fault each. */
export const BAD_POOLS: readonly BadRow[] = [
  {
    what: "a route that is no CIDR",
    spec: { ...range4(), routes: [{ dst: "10.9.0.0" }] },
    says: '"10.9.0.0": not a CIDR',
  },
  {
    what: "a gw that is no address",
    spec: { ...range6(), routes: [{ dst: "::/0", gw: "gw" }] },
    says: '"gw": not an IP',
  },
  { what: "no ranges", spec: {}, says: "a pool needs at least one range" },
  {
    what: "ranges and a source",
    spec: { ...range4(), source: "NodePodCIDR" },
    says: "the ranges are those of each node",
  },
  { what: "an unknown source", spec: { source: "Cloud" }, says: '"NodePodCIDR"' },
  { what: "an IPv4 subnet with host bits", spec: range4({ subnet: "10.0.0.5/24" }), says: "write 10.0.0.0/24" },
  { what: "an IPv6 subnet with host bits", spec: range6({ subnet: "2001:db8::5/64" }), says: "write 2001:db8::/64" },
  { what: "an IPv6 subnet spelt in full", spec: range6({ subnet: "2001:DB8:0::/64" }), says: "write 2001:db8::/64" },
  { what: "a prefix past 32", spec: range4({ subnet: "10.0.0.0/33" }), says: '"10.0.0.0/33": not a CIDR' },
  { what: "a subnet without prefix", spec: range6({ subnet: "2001:db8::" }), says: '"2001:db8::": not a CIDR' },
  { what: "an IPv4-mapped subnet", spec: range6({ subnet: "::ffff:10.0.0.0/120" }), says: "not a CIDR" },
  {
    what: "a start outside",
    spec: range4({ start: "10.0.1.5" }),
    says: "start 10.0.1.5 is outside subnet 10.0.0.0/24",
  },
  {
    what: "an end outside",
    spec: range6({ end: "2001:db9::" }),
    says: "end 2001:db9:: is outside subnet 2001:db8::/64",
  },
  {
    what: "a start of the other family",
    spec: range6({ start: "10.0.0.5" }),
    says: "start 10.0.0.5 is outside subnet",
  },
  {
    what: "a start that is no address",
    spec: range4({ start: "10.0.0.300" }),
    says: `"10.0.0.300": ${NOT_AN_ADDRESS}`,
  },
  { what: "an IPv6 end spelt in full", spec: range6({ end: "2001:db8:0::ff" }), says: "write 2001:db8::ff" },
  {
    what: "a gateway of the other family",
    spec: range4({ gateway: "fe80::1" }),
    says: "gateway fe80::1 is of another family",
  },
  { what: "an empty gateway", spec: range4({ gateway: "" }), says: `"": ${NOT_AN_ADDRESS}` },
  {
    what: "an exclusion that is nothing",
    spec: range4({ exclude: ["10.0.0"] }),
    says: `"10.0.0": ${NOT_AN_EXCLUSION}`,
  },
  { what: "a span of three", spec: range4({ exclude: ["10.0.0.1-10.0.0.2-10.0.0.3"] }), says: NOT_AN_EXCLUSION },
  { what: "a span with a CIDR", spec: range4({ exclude: ["10.0.0.0/30-10.0.0.9"] }), says: NOT_AN_EXCLUSION },
  { what: "a span of two families", spec: range6({ exclude: ["10.0.0.1-2001:db8::5"] }), says: NOT_AN_EXCLUSION },
  {
    what: "an exclusion outside",
    spec: range4({ exclude: ["10.0.0.9", "10.0.9.9"] }),
    says: "exclude holds 10.0.9.9, which is outside",
  },
  {
    what: "a CIDR wider than the subnet",
    spec: range6({ exclude: ["2001:db8::/48"] }),
    says: "exclude holds 2001:db8::/48",
  },
  {
    what: "a span that leaves the subnet",
    spec: range4({ exclude: ["10.0.0.250-10.0.1.5"] }),
    says: "exclude holds 10.0.0.250-10.0.1.5",
  },
  { what: "an exclusion with host bits", spec: range4({ exclude: ["10.0.0.9/29"] }), says: "write 10.0.0.8/29" },
  { what: "an exclusion spelt in full", spec: range6({ exclude: ["2001:db8:0::5"] }), says: "write 2001:db8::5" },
  {
    what: "a span spelt in full",
    spec: range6({ exclude: ["2001:db8:0::5-2001:db8::9"] }),
    says: "write both addresses as in",
  },
  { what: "an unknown assign", spec: range4({ assign: "Never" }), says: '"Any", "OnRequest"' },
  {
    what: "one range twice",
    spec: { ranges: [{ subnet: "10.0.0.0/24" }, { subnet: "10.0.0.0/24" }] },
    says: "the same range twice",
  },
  { what: "a space that is no label", spec: { ...range4(), addressSpace: "-blue" }, says: "must be a DNS label" },
  {
    what: "a route with host bits",
    spec: { ...range4(), routes: [{ dst: "10.9.0.1/16" }] },
    says: "write 10.9.0.0/16",
  },
  {
    what: "an IPv6 route with host bits",
    spec: { ...range6(), routes: [{ dst: "2001:db9::1/32" }] },
    says: "write 2001:db9::/32",
  },
  {
    what: "a route twice",
    spec: { ...range4(), routes: [{ dst: "10.9.0.0/16" }, { dst: "10.9.0.0/16", gw: "10.0.0.2", table: 254 }] },
    says: "routes holds 10.9.0.0/16 twice",
  },
  {
    what: "a route of another family",
    spec: { ...range4(), routes: [{ dst: "::/0" }] },
    says: "route ::/0 needs a range of its family",
  },
  {
    what: "an IPv4 route of IPv6",
    spec: { ...range6(), routes: [{ dst: "0.0.0.0/0" }] },
    says: "route 0.0.0.0/0 needs a range of its family",
  },
  {
    what: "a gw of another family",
    spec: { ...DUAL, routes: [{ dst: "::/0", gw: "10.0.0.1" }] },
    says: "gw 10.0.0.1 is of another family",
  },
  {
    what: "a name as name server",
    spec: { ...range4(), dns: { nameservers: ["ns1"] } },
    says: '"ns1": not an IP address',
  },
  { what: "an unknown strategy", spec: { ...range4(), strategy: "spread" }, says: '"Spread", "Sequential", "Index"' },
  {
    what: "index without its strategy",
    spec: { ...range4(), index: {} },
    says: "set strategy: Index, or remove index",
  },
  {
    what: "a pattern without group",
    spec: { ...range4(), strategy: "Index", index: { pattern: "[0-9]+" } },
    says: "with one group",
  },
  {
    what: "blocks with strategy Index",
    spec: { ...range4(), strategy: "Index", nodeBlocks: { prefixLength: 28 } },
    says: "strategy Index counts from one start on every node",
  },
  {
    what: "blocks with a source",
    spec: { source: "NodePodCIDR", nodeBlocks: { prefixLength: 28 } },
    says: "nodeBlocks and source both",
  },
  {
    what: "blocks wider than the subnet",
    spec: { ...range4(), nodeBlocks: { prefixLength: 23 } },
    says: "nodeBlocks.prefixLength 23 does",
  },
  {
    what: "blocks past 32 of IPv4",
    spec: { ...range4(), nodeBlocks: { prefixLength: 64 } },
    says: "at most 32 for IPv4",
  },
  {
    what: "blocks of two families",
    spec: { ...DUAL, nodeBlocks: { prefixLength: 28 } },
    says: "make a pool for each family",
  },
  {
    what: "retain without time",
    spec: { ...range4(), retain: { policy: "Always" } },
    says: "policy Always needs seconds",
  },
  {
    what: "a time without retain",
    spec: { ...range4(), retain: { policy: "None", seconds: 5 } },
    says: "policy None retains nothing",
  },
  { what: "a negative cool-down", spec: { ...range4(), coolDownSeconds: -1 }, says: "greater than or equal to 0" },
  {
    what: "operator In without values",
    spec: { ...range4(), nodeSelector: { matchExpressions: [{ key: "team", operator: "In" }] } },
    says: "operator In needs at least one value",
  },
  {
    what: "operator Exists with values",
    spec: {
      ...range4(),
      namespaceSelector: { matchExpressions: [{ key: "team", operator: "Exists", values: ["a"] }] },
    },
    says: "operator Exists takes no values",
  },
];
