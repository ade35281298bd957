import * as z from "zod";
import { addressField, subnetField } from "./address-field.ts";
import { type CelRule, described } from "./cel-rule.ts";
import type { DeepReadonly } from "./deep-readonly.ts";

/** Two canonical IPv6 addresses and the "-" between them. */
const SPAN_MAX_LENGTH = 79;
const EXCLUDE_MAX_ITEMS = 64;

const ASSIGN_MODES = ["Any", "OnRequest"] as const;

/** The bounds of a span, or the entry itself. The limit lets the API server see how many parts there can be. */
const PARTS = "split('-', 3)";

const EXCLUDE_ENTRY: CelRule = {
  rule:
    "isIP(self) || isCIDR(self) ||" +
    ` (self.${PARTS}.size() == 2 && self.${PARTS}.all(part, isIP(part))` +
    ` && ip(self.${PARTS}[0]).family() == ip(self.${PARTS}[1]).family())`,
  message:
    "not an address, a CIDR or a span of two addresses of one family:" +
    " expected one such as 10.0.0.5, 10.0.0.8/29 or 10.0.0.5-10.0.0.9",
};

const EXCLUDE_CANONICAL: CelRule = {
  rule:
    `self.${PARTS}.all(part, isIP(part) ? ip.isCanonical(part)` +
    " : !isCIDR(part) || string(cidr(part).masked()) == part)",
  message: "must be in canonical form and have no host bits set",
  messageExpression:
    "isIP(self) ? 'not in canonical form: write %s'.format([string(ip(self))])" +
    " : isCIDR(self) ? 'host bits are set, or it is not in canonical form: write %s'" +
    ".format([string(cidr(self).masked())])" +
    " : 'not in canonical form: write both addresses as in 2001:db8::5'",
};

/** `field`, an address, lies in the subnet. */
function insideSubnet(field: "start" | "end"): CelRule {
  return {
    rule:
      `!has(self.${field}) || !isIP(self.${field}) || !isCIDR(self.subnet)` +
      ` || cidr(self.subnet).containsIP(self.${field})`,
    message: `${field} must be an address of subnet`,
    messageExpression:
      `'${field} %s is outside subnet %s: use an address of the subnet, or widen it'` +
      `.format([self.${field}, self.subnet])`,
    fieldPath: `.${field}`,
  };
}

/** CEL for whether an address is one that an interface may have, or that another one is reached by. */
function isUnicast(address: string): string {
  return `(${address}.isGlobalUnicast() || ${address}.isLinkLocalUnicast())`;
}

const SUBNET_RULES: readonly CelRule[] = [
  {
    rule: "!isCIDR(self.subnet) || cidr(self.subnet).prefixLength() > 0",
    message: "subnet must be a network, and not every address there is: the interface would get a default route",
    fieldPath: ".subnet",
  },
  {
    rule: `!isCIDR(self.subnet) || cidr(self.subnet).prefixLength() == 0 || ${isUnicast("cidr(self.subnet).ip()")}`,
    message: "subnet must be a network whose addresses interfaces may have",
    messageExpression:
      "'subnet %s is multicast, loopback or unspecified: no interface may have its addresses'.format([self.subnet])",
    fieldPath: ".subnet",
  },
];

const GATEWAY_RULES: readonly CelRule[] = [
  {
    rule: `!has(self.gateway) || !isIP(self.gateway) || ${isUnicast("ip(self.gateway)")}`,
    message: "gateway must be an address that an interface may have; leave it out for none",
    messageExpression:
      "'gateway %s is multicast, loopback or unspecified: leave gateway out for none'.format([self.gateway])",
    fieldPath: ".gateway",
  },
  {
    // Of IPv6 it is that of the routers (RFC 4291 section 2.6.1).
    rule:
      "!has(self.gateway) || !isCIDR(self.subnet) || cidr(self.subnet).prefixLength() > 30" +
      " || self.gateway.contains(':') || !self.subnet.startsWith(self.gateway + '/')",
    message: "gateway must not be the network's own address",
    messageExpression:
      "'gateway %s is the address of the network %s itself: use one of its other addresses'" +
      ".format([self.gateway, self.subnet])",
    fieldPath: ".gateway",
  },
];

/** Entries of the wrong form are left to {@link EXCLUDE_ENTRY}. */
const IS_INSIDE =
  `entry.${PARTS}.all(part, isIP(part) ? cidr(self.subnet).containsIP(part)` +
  " : !isCIDR(part) || cidr(self.subnet).containsCIDR(part))";

const RANGE_RULES: readonly CelRule[] = [
  ...SUBNET_RULES,
  ...GATEWAY_RULES,
  insideSubnet("start"),
  insideSubnet("end"),
  {
    // A gateway may lie outside the subnet: fe80::1 is a common one.
    rule:
      "!has(self.gateway) || !isIP(self.gateway) || !isCIDR(self.subnet)" +
      " || ip(self.gateway).family() == cidr(self.subnet).ip().family()",
    message: "gateway must be of the same family as subnet",
    messageExpression: "'gateway %s is of another family than subnet %s'.format([self.gateway, self.subnet])",
    fieldPath: ".gateway",
  },
  {
    rule: `!has(self.exclude) || !isCIDR(self.subnet) || self.exclude.all(entry, ${IS_INSIDE})`,
    message: "every entry of exclude must lie inside subnet",
    messageExpression:
      "'exclude holds %s, which is outside subnet %s: correct or remove it'" +
      `.format([self.exclude.filter(entry, !(${IS_INSIDE}))[0], self.subnet])`,
    fieldPath: ".exclude",
  },
];

/** Schema of {@link PoolRange}. */
export const PoolRangeSchema = z
  .object({
    subnet: subnetField(
      "Network of the range in CIDR notation; its prefix length is that of every address handed out.",
    ),
    start: addressField("First address to hand out; absent means the subnet's first usable one.").exactOptional(),
    end: addressField("Last address to hand out; absent means the subnet's last usable one.").exactOptional(),
    gateway: addressField("Gateway handed out with every address of the range; absent means none.").exactOptional(),
    exclude: z
      .array(
        z
          .string()
          .max(SPAN_MAX_LENGTH)
          .meta(described("An address, a CIDR or a span of two addresses.", EXCLUDE_ENTRY, EXCLUDE_CANONICAL)),
      )
      .max(EXCLUDE_MAX_ITEMS)
      .meta({
        ...described("Addresses that are never handed out: 10.0.0.5, 10.0.0.8/29 or 10.0.0.5-10.0.0.9, each once."),
        "x-kubernetes-list-type": "set",
      })
      .exactOptional(),
    assign: z
      .enum(ASSIGN_MODES)
      .meta(described("Any: the range serves every request. OnRequest: only those that ask for one of its addresses."))
      .default("Any"),
  })
  .meta(described("A range of addresses within one subnet.", ...RANGE_RULES));

/** A range of addresses within one subnet. Not checked by the API server: that start is not after end. */
export type PoolRange = DeepReadonly<z.infer<typeof PoolRangeSchema>>;
