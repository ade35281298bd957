import type { CelRule } from "./cel-rule.ts";

/** The addresses are the nodes' own, so that no range says which families there are. */
const HAS_SOURCE = "has(self.source)";
const NODE_BLOCKS = ".nodeBlocks";

/** Family of a network, as CEL; it must be a CIDR. */
function familyOf(subnet: string): string {
  return `cidr(${subnet}).ip().family()`;
}

/** A route as the kernel tells it apart from another. 254 is the main table, 0 means it too. */
const SAME_ROUTE =
  "a.dst == b.dst" +
  " && (has(a.table) && a.table != 0 ? a.table : 254) == (has(b.table) && b.table != 0 ? b.table : 254)" +
  ` && ${priorityOf("a")} == ${priorityOf("b")}`;

/** For IPv6 the kernel puts 1024 in the place of 0. */
function priorityOf(route: string): string {
  const standard = `(${route}.dst.contains(':') ? 1024 : 0)`;
  return `(has(${route}.priority) && ${route}.priority != 0 ? ${route}.priority : ${standard})`;
}

const SAME_RANGE =
  "a.subnet == b.subnet && (has(a.start) ? a.start : '') == (has(b.start) ? b.start : '')" +
  " && (has(a.end) ? a.end : '') == (has(b.end) ? b.end : '')";

const RANGES_OR_SOURCE: CelRule = {
  rule: `(size(self.ranges) > 0) != ${HAS_SOURCE}`,
  message: "a pool has ranges, or takes the nodes' own (source: NodePodCIDR): set one of the two",
  messageExpression:
    `${HAS_SOURCE} ? 'with source ' + self.source + ' the ranges are those of each node: remove ranges'` +
    " : 'a pool needs at least one range: set ranges, or source: NodePodCIDR'",
};

const NODE_BLOCKS_RULES: readonly CelRule[] = [
  {
    rule: `!(has(self.nodeBlocks) && ${HAS_SOURCE})`,
    message: "nodeBlocks and source both give each node its own addresses: remove one of them",
    fieldPath: NODE_BLOCKS,
  },
  {
    rule:
      "!has(self.nodeBlocks) || self.ranges.all(r, !isCIDR(r.subnet)" +
      " || (self.nodeBlocks.prefixLength >= cidr(r.subnet).prefixLength()" +
      ` && (${familyOf("r.subnet")} == 6 || self.nodeBlocks.prefixLength <= 32)))`,
    message: "nodeBlocks.prefixLength must be at least the prefix length of every subnet, and at most 32 for IPv4",
    messageExpression:
      "'nodeBlocks.prefixLength %d does not fit every range: it must be at least the prefix length of the subnet," +
      " and at most 32 for IPv4'.format([self.nodeBlocks.prefixLength])",
    fieldPath: NODE_BLOCKS,
  },
  {
    // As many as Kubernetes cuts out of a cluster CIDR.
    rule:
      "!has(self.nodeBlocks) || self.ranges.all(r, !isCIDR(r.subnet)" +
      " || self.nodeBlocks.prefixLength - cidr(r.subnet).prefixLength() <= 16)",
    message: "nodeBlocks must cut no subnet into more than 65536 blocks: choose a shorter prefixLength",
    messageExpression:
      "'nodeBlocks.prefixLength %d cuts a subnet into more than 65536 blocks: choose one that is at most 16 longer than" +
      " that of the subnet'.format([self.nodeBlocks.prefixLength])",
    fieldPath: NODE_BLOCKS,
  },
  {
    rule: "!has(self.nodeBlocks) || size(self.ranges) == 0 || self.ranges.exists(r, r.assign == 'Any')",
    message: "nodeBlocks has nothing to cut: every range is on request (assign), set Any or remove nodeBlocks",
    fieldPath: NODE_BLOCKS,
  },
  {
    rule:
      "!has(self.nodeBlocks) || self.ranges.all(r, !isCIDR(r.subnet) || !isCIDR(self.ranges[0].subnet)" +
      ` || ${familyOf("r.subnet")} == ${familyOf("self.ranges[0].subnet")})`,
    message: "nodeBlocks has one prefix length, so all ranges must be of one family: make a pool for each family",
    fieldPath: NODE_BLOCKS,
  },
  {
    rule:
      "has(self.nodeBlocks) == has(oldSelf.nodeBlocks)" +
      " && (!has(self.nodeBlocks) || self.nodeBlocks.prefixLength == oldSelf.nodeBlocks.prefixLength)",
    message: "nodeBlocks is immutable: delete the pool and create another",
    fieldPath: NODE_BLOCKS,
  },
];

const INDEX_RULES: readonly CelRule[] = [
  {
    rule: "!has(self.index) || self.strategy == 'Index'",
    message: "index is read by strategy Index alone: set strategy: Index, or remove index",
    fieldPath: ".index",
  },
  {
    rule: "!(has(self.nodeBlocks) && self.strategy == 'Index')",
    message: "strategy Index counts from one start on every node: remove nodeBlocks, or choose another strategy",
    fieldPath: NODE_BLOCKS,
  },
  {
    rule: `!(${HAS_SOURCE} && self.strategy == 'Index')`,
    message: "strategy Index counts from one start on every node: remove source, or choose another strategy",
    fieldPath: ".source",
  },
  {
    rule: "self.strategy != 'Index' || size(self.ranges) == 0 || self.ranges.exists(r, r.assign == 'Any')",
    message: "strategy Index has nothing to count: every range is on request (assign), set Any or another strategy",
    fieldPath: ".strategy",
  },
];

/** Route `a` is the only one of its kind. */
const IS_UNIQUE_ROUTE = `self.routes.exists_one(b, ${SAME_ROUTE})`;
const IS_FAMILY_OF_ROUTE = `${familyOf("r.subnet")} == ${familyOf("t.dst")}`;
/** Some range `r` is of the family of route `t`. */
const IS_SERVED_ROUTE = `!isCIDR(t.dst) || self.ranges.exists(r, !isCIDR(r.subnet) || ${IS_FAMILY_OF_ROUTE})`;

/** The kernel takes no route whose next hop it does not find on the link. */
const IS_REACHED =
  "!has(t.gw) || !isIP(t.gw) || ip(t.gw).isLinkLocalUnicast()" +
  " || self.ranges.exists(r, !isCIDR(r.subnet) || cidr(r.subnet).containsIP(t.gw)" +
  " || (has(r.gateway) && r.gateway == t.gw))" +
  " || self.routes.exists(o, !has(o.gw) && isCIDR(o.dst) && cidr(o.dst).containsIP(t.gw))";

const ROUTE_RULES: readonly CelRule[] = [
  {
    rule: `!has(self.routes) || self.routes.all(a, ${IS_UNIQUE_ROUTE})`,
    message: "routes holds the same destination twice in one table with one priority: remove one of them",
    messageExpression:
      "'routes holds %s twice in one table with one priority: remove one of them'" +
      `.format([self.routes.filter(a, !${IS_UNIQUE_ROUTE})[0].dst])`,
    fieldPath: ".routes",
  },
  {
    rule: `!has(self.routes) || size(self.ranges) == 0 || self.routes.all(t, ${IS_SERVED_ROUTE})`,
    message: "every route needs a range of its family: add a range, or remove the route",
    messageExpression:
      "'route %s needs a range of its family: add a range, or remove the route'" +
      `.format([self.routes.filter(t, !(${IS_SERVED_ROUTE}))[0].dst])`,
    fieldPath: ".routes",
  },
  {
    rule: `!has(self.routes) || size(self.ranges) == 0 || self.routes.all(t, ${IS_REACHED})`,
    message: "gw of every route must be in a subnet of the pool, or in the destination of a route without gw",
    messageExpression:
      "'gw %s of a route is in no subnet of the pool: use an address of one, or add a route to it without gw'" +
      `.format([self.routes.filter(t, !(${IS_REACHED}))[0].gw])`,
    fieldPath: ".routes",
  },
];

/** Rules of an IPPool's `spec`: which fields go together. */
export const POOL_SPEC_RULES: readonly CelRule[] = [
  RANGES_OR_SOURCE,
  {
    rule: `self.ranges.all(a, self.ranges.exists_one(b, ${SAME_RANGE}))`,
    message: "ranges holds the same range twice: remove one of them",
    fieldPath: ".ranges",
  },
  ...NODE_BLOCKS_RULES,
  ...INDEX_RULES,
  ...ROUTE_RULES,
];
