import type { BadRow, Fields, GoodRow } from "./row.ts";

/** A good block of 10.0.0.16/28, with some fields changed; undefined removes one. */
export function block4(change: Fields = {}): Fields {
  return { prefix: "10.0.0.16/28", pool: "lab", node: "node-1", ...change };
}

/** The same for 2001:db8:0:1::/64. */
export function block6(change: Fields = {}): Fields {
  return { ...block4(), prefix: "2001:db8:0:1::/64", ...change };
}

/** Name of the block of 10.0.0.16/28. */
export const BLOCK_NAME4 = "10.0.0.16-28";
/** Name of the block of 2001:db8:0:1::/64. */
export const BLOCK_NAME6 = "2001-0db8-0000-0001-0000-0000-0000-0000-64";

/** Blocks that must be stored. */
export const GOOD_BLOCKS: readonly GoodRow[] = [
  { what: "an IPv4 prefix", name: BLOCK_NAME4, spec: block4() },
  { what: "an IPv6 prefix", name: BLOCK_NAME6, spec: block6() },
  { what: "a single address", name: "10.0.0.5-32", spec: block4({ prefix: "10.0.0.5/32" }) },
  { what: "IPv4 in a space", name: `blue.${BLOCK_NAME4}`, spec: block4({ addressSpace: "blue" }) },
  { what: "IPv6 in a space", name: `blue.${BLOCK_NAME6}`, spec: block6({ addressSpace: "blue" }) },
  { what: "a space that looks like a block", name: `0-28.${BLOCK_NAME4}`, spec: block4({ addressSpace: "0-28" }) },
];

/** Blocks that must be refused, one fault each. */
export const BAD_BLOCKS: readonly BadRow[] = [
  {
    what: "another network in the name",
    name: "10.0.0.0-28",
    spec: block4(),
    says: 'metadata.name: Invalid value: must be "10.0.0.16-28"',
  },
  { what: "another length in the name", name: "10.0.0.16-29", spec: block4(), says: 'must be "10.0.0.16-28"' },
  { what: "no length in the name", name: "10.0.0.16", spec: block4(), says: 'must be "10.0.0.16-28"' },
  {
    what: "no space in the name",
    name: BLOCK_NAME4,
    spec: block4({ addressSpace: "blue" }),
    says: 'must be "blue.10.0.0.16-28"',
  },
  { what: "a space in the name alone", name: `blue.${BLOCK_NAME6}`, spec: block6(), says: "eight groups" },
  {
    what: "another IPv6 length in the name",
    name: BLOCK_NAME6.replace("-64", "-65"),
    spec: block6(),
    says: "eight groups",
  },
  { what: "an IPv6 length with zeros", name: BLOCK_NAME6.replace("-64", "-064"), spec: block6(), says: "eight groups" },
  { what: "a shortened IPv6 name", name: "2001-db8-0-1---64", spec: block6(), says: "eight groups" },
  { what: "host bits", name: "10.0.0.17-28", spec: block4({ prefix: "10.0.0.17/28" }), says: "write 10.0.0.16/28" },
  {
    what: "an IPv6 prefix that is not canonical",
    name: BLOCK_NAME6,
    spec: block6({ prefix: "2001:0db8:0:1::/64" }),
    says: "write 2001:db8:0:1::/64",
  },
  { what: "a prefix without length", name: BLOCK_NAME4, spec: block4({ prefix: "10.0.0.16" }), says: "not a CIDR" },
  { what: "no prefix", name: BLOCK_NAME4, spec: block4({ prefix: undefined }), says: "spec.prefix: Required" },
  { what: "no pool", name: BLOCK_NAME4, spec: block4({ pool: undefined }), says: "spec.pool: Required" },
  { what: "an empty node", name: BLOCK_NAME4, spec: block4({ node: "" }), says: "spec.node" },
  {
    what: "a space that is no label",
    name: `blue.${BLOCK_NAME4}`,
    spec: block4({ addressSpace: "Blue" }),
    says: "must be a DNS label",
  },
];
