import { range4, range6 } from "./pool-rows.ts";
import type { RefusedRow } from "./row.ts";

/** Pools that the API server takes, since its rules cannot compare two addresses, and that no address comes from. */
export const REFUSED_BY_AGENT: readonly RefusedRow[] = [
  {
    what: "a start after the end",
    spec: range4({ start: "10.0.0.20", end: "10.0.0.10" }),
    says: 'ranges[0].start is "10.0.0.20": expected an address that is not after end 10.0.0.10',
  },
  {
    what: "an IPv6 start after the end",
    spec: range6({ start: "2001:db8::b", end: "2001:db8::a" }),
    says: 'ranges[0].start is "2001:db8::b": expected an address that is not after end 2001:db8::a',
  },
  {
    what: "an exclusion that ends before it starts",
    spec: range4({ exclude: ["10.0.0.9-10.0.0.5"] }),
    says: 'ranges[0].exclude[0] is "10.0.0.9-10.0.0.5": expected the lower address first: 10.0.0.5-10.0.0.9',
  },
  {
    what: "the broadcast address as gateway",
    spec: range4({ gateway: "10.0.0.255" }),
    says: 'ranges[0].gateway is "10.0.0.255": expected another address than the broadcast address of 10.0.0.0/24',
  },
  {
    what: "two gateways of one address",
    spec: {
      ranges: [
        { subnet: "10.0.0.0/24", end: "10.0.0.99", gateway: "10.0.0.1" },
        { subnet: "10.0.0.0/24", start: "10.0.0.99", gateway: "10.0.0.2" },
      ],
    },
    says: "ranges[0] (10.0.0.0-10.0.0.99) and ranges[1] (10.0.0.99-10.0.0.255) have addresses in common, and two gateways",
  },
  {
    what: "two prefix lengths of one address",
    spec: { ranges: [{ subnet: "2001:db8::/64", end: "2001:db8::9" }, { subnet: "2001:db8::/48" }] },
    says: "have addresses in common, and subnets of two lengths: expected one subnet for both",
  },
  {
    what: "a pattern whose group keeps nothing",
    spec: { ...range4(), strategy: "Index", index: { pattern: "(?:web)-[0-9]+" } },
    says: 'index.pattern is "(?:web)-[0-9]+": expected a group for the number',
  },
  {
    what: "a pattern that RE2 alone reads",
    spec: { ...range4(), strategy: "Index", index: { pattern: "(?i)web-([0-9]+)" } },
    says: 'index.pattern is "(?i)web-([0-9]+)": expected a regular expression that JavaScript reads, too',
  },
  {
    what: "a pattern that does not come to an end",
    spec: { ...range4(), strategy: "Index", index: { pattern: "^(a+)+$" } },
    pod: `${"a".repeat(60)}-0`,
    says: 'index.pattern is "^(a+)+$": it takes too long',
  },
  {
    what: "two things wrong",
    spec: range4({ start: "10.0.0.20", end: "10.0.0.10", exclude: ["10.0.0.9-10.0.0.5"] }),
    says: 'not after end 10.0.0.10; ranges[0].exclude[0] is "10.0.0.9-10.0.0.5"',
  },
];
