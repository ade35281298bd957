import { range4, range6 } from "./pool-rows.ts";
import type { BadRow } from "./row.ts";

/** Pools that are well spelt and cannot work, one fault each; the API server refuses them. */
export const UNFIT_POOLS: readonly BadRow[] = [
  { what: "every address of IPv4", spec: range4({ subnet: "0.0.0.0/0" }), says: "and not every address there is" },
  { what: "every address of IPv6", spec: range6({ subnet: "::/0" }), says: "and not every address there is" },
  {
    what: "an IPv4 multicast subnet",
    spec: range4({ subnet: "224.0.0.0/24" }),
    says: "subnet 224.0.0.0/24 is multicast, loopback or unspecified",
  },
  { what: "an IPv6 multicast subnet", spec: range6({ subnet: "ff00::/64" }), says: "subnet ff00::/64 is multicast" },
  { what: "the loopback subnet", spec: range4({ subnet: "127.0.0.0/8" }), says: "subnet 127.0.0.0/8 is multicast" },
  {
    what: "the network's address as gateway",
    spec: range4({ gateway: "10.0.0.0" }),
    says: "gateway 10.0.0.0 is the address of the network 10.0.0.0/24 itself",
  },
  {
    what: "no address as gateway",
    spec: range4({ gateway: "0.0.0.0" }),
    says: "gateway 0.0.0.0 is multicast, loopback",
  },
  { what: "an IPv6 multicast gateway", spec: range6({ gateway: "ff02::1" }), says: "leave gateway out for none" },
  {
    what: "an exclusion twice",
    spec: range4({ exclude: ["10.0.0.9", "10.0.0.9"] }),
    says: 'spec.ranges[0].exclude[1]: Duplicate value: "10.0.0.9"',
  },
  {
    what: "an IPv6 route twice, once with the priority that the kernel gives it",
    spec: { ...range6(), routes: [{ dst: "2001:db9::/32" }, { dst: "2001:db9::/32", priority: 1024 }] },
    says: "routes holds 2001:db9::/32 twice",
  },
  {
    what: "a gw out of reach",
    spec: { ...range4(), routes: [{ dst: "10.9.0.0/16", gw: "10.1.0.1" }] },
    says: "gw 10.1.0.1 of a route is in no subnet of the pool",
  },
  {
    what: "an IPv6 gw out of reach",
    spec: { ...range6(), routes: [{ dst: "::/0", gw: "2001:db9::1" }] },
    says: "gw 2001:db9::1 of a route is in no subnet of the pool",
  },
  {
    what: "no address as gw",
    spec: { ...range4(), routes: [{ dst: "0.0.0.0/0", gw: "0.0.0.0" }] },
    says: "gw 0.0.0.0 is multicast, loopback or unspecified",
  },
  {
    what: "a name server twice",
    spec: { ...range4(), dns: { nameservers: ["10.0.0.53", "2001:db8::53", "10.0.0.53"] } },
    says: "nameservers holds 10.0.0.53 twice",
  },
  {
    what: "a search domain twice",
    spec: { ...range4(), dns: { search: ["a.example", "a.example"] } },
    says: "search holds a.example twice",
  },
  {
    what: "two search domains in one",
    spec: { ...range4(), dns: { search: ["a.example b.example"] } },
    says: '"a.example b.example": must be one word',
  },
  {
    what: "two options in one",
    spec: { ...range4(), dns: { options: ["ndots:2\tedns0"] } },
    says: "write each domain or option as an entry of its own",
  },
  {
    what: "a pattern that is no regular expression",
    spec: { ...range4(), strategy: "Index", index: { pattern: "index([0-9]+))" } },
    says: "unexpected )",
  },
  {
    what: "a pattern with look-around",
    spec: { ...range4(), strategy: "Index", index: { pattern: "(?<=index)([0-9]+)" } },
    says: "spec.index.pattern",
  },
  {
    what: "the nodes' own ranges with strategy Index",
    spec: { source: "NodePodCIDR", strategy: "Index" },
    says: "strategy Index counts from one start on every node: remove source",
  },
  {
    what: "strategy Index on request alone",
    spec: { ...range4({ assign: "OnRequest" }), strategy: "Index" },
    says: "strategy Index has nothing to count",
  },
  {
    what: "blocks on request alone",
    spec: { ...range4({ assign: "OnRequest" }), nodeBlocks: { prefixLength: 28 } },
    says: "nodeBlocks has nothing to cut",
  },
  {
    what: "more blocks than a list can hold",
    spec: { ...range4({ subnet: "10.0.0.0/8" }), nodeBlocks: { prefixLength: 25 } },
    says: "nodeBlocks.prefixLength 25 cuts a subnet into more than 65536 blocks: choose one that is at most",
  },
  {
    what: "more IPv6 blocks than a list can hold",
    spec: { ...range6(), nodeBlocks: { prefixLength: 112 } },
    says: "nodeBlocks.prefixLength 112 cuts a subnet into more than 65536",
  },
  {
    what: "a cool-down of more than a week",
    spec: { ...range4(), coolDownSeconds: 604801 },
    says: "less than or equal to",
  },
  {
    what: "a time of no seconds to keep addresses",
    spec: { ...range4(), retain: { policy: "Always", seconds: 0 } },
    says: "greater than or equal to 1",
  },
  {
    what: "an unknown operator",
    spec: { ...range4(), nodeSelector: { matchExpressions: [{ key: "team", operator: "Gt", values: ["1"] }] } },
    says: '"In", "NotIn", "Exists", "DoesNotExist"',
  },
  {
    what: "a key that no label can have",
    spec: { ...range4(), nodeSelector: { matchExpressions: [{ key: "team/a/b", operator: "Exists" }] } },
    says: '"team/a/b": no label can have this key',
  },
  {
    what: "a value that no label can have",
    spec: { ...range4(), nodeSelector: { matchExpressions: [{ key: "team", operator: "In", values: ["a b"] }] } },
    says: '"a b": no label can have this value',
  },
  {
    what: "an empty key of matchLabels",
    spec: { ...range4(), namespaceSelector: { matchLabels: { "": "a" } } },
    says: 'no label can have the key ""',
  },
  {
    what: "a key of matchLabels that no label can have",
    spec: { ...range4(), namespaceSelector: { matchLabels: { "Example.com/team": "a" } } },
    says: 'no label can have the key "Example.com/team"',
  },
  {
    what: "a value of matchLabels that no label can have",
    spec: { ...range4(), nodeSelector: { matchLabels: { team: "-a" } } },
    says: '"-a": no label can have this value',
  },
];
