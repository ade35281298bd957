import * as z from "zod";
import { addressField, subnetField } from "./address-field.ts";
import { type CelRule, described } from "./cel-rule.ts";
import type { DeepReadonly } from "./deep-readonly.ts";

const ADDRESS_TEXT_MAX_LENGTH = 39;
const DOMAIN_MAX_LENGTH = 253;
const DNS_MAX_ITEMS = 32;

const ROUTE_RULES: readonly CelRule[] = [
  {
    rule: "!has(self.gw) || !isIP(self.gw) || ip(self.gw).isGlobalUnicast() || ip(self.gw).isLinkLocalUnicast()",
    message: "gw must be an address that an interface may have; leave it out for the gateway of the address",
    messageExpression:
      "'gw %s is multicast, loopback or unspecified: leave gw out for the gateway of the address'.format([self.gw])",
    fieldPath: ".gw",
  },
  {
    rule:
      "!has(self.gw) || !isIP(self.gw) || !isCIDR(self.dst)" +
      " || ip(self.gw).family() == cidr(self.dst).ip().family()",
    message: "gw must be of the same family as dst",
    messageExpression: "'gw %s is of another family than dst %s'.format([self.gw, self.dst])",
    fieldPath: ".gw",
  },
];

/** Every entry of a list stands in it once. */
function eachOnce(field: string): CelRule {
  const isOnce = `self.${field}.exists_one(b, a == b)`;
  return {
    rule: `!has(self.${field}) || self.${field}.all(a, ${isOnce})`,
    message: `${field} holds an entry twice: remove one`,
    messageExpression: `'${field} holds %s twice: remove one'.format([self.${field}.filter(a, !${isOnce})[0]])`,
    fieldPath: `.${field}`,
  };
}

const ONE_WORD: CelRule = {
  rule: "self.matches('^[^ \\\\t\\\\n]+$')",
  message: "must be one word: write each domain or option as an entry of its own",
};

const NAMESERVER: CelRule = {
  rule: "isIP(self)",
  message: "not an IP address: name servers are given by address",
};

/** Schema of {@link PoolRoute}. */
export const PoolRouteSchema = z
  .object({
    dst: subnetField("Destination in CIDR notation; 0.0.0.0/0 and ::/0 are default routes."),
    gw: addressField("Next hop; absent means the gateway of the address.").exactOptional(),
    mtu: z.int().min(0).max(4294967295).meta(described("MTU along the route.")).exactOptional(),
    advmss: z.int().min(0).max(4294967295).meta(described("MSS to advertise to the destination.")).exactOptional(),
    priority: z.int().min(0).max(4294967295).meta(described("Metric of the route; lower wins.")).exactOptional(),
    table: z.int().min(0).max(4294967295).meta(described("Routing table; absent means the main one.")).exactOptional(),
    scope: z.int().min(0).max(255).meta(described("Scope of the destination.")).exactOptional(),
  })
  .meta(described('A route of the interface (CNI specification, "Success result").', ...ROUTE_RULES));

function wordField(description: string): z.ZodString {
  return z.string().min(1).max(DOMAIN_MAX_LENGTH).meta(described(description, ONE_WORD));
}

/** Schema of {@link PoolDns}. */
export const PoolDnsSchema = z
  .object({
    nameservers: z
      .array(z.string().max(ADDRESS_TEXT_MAX_LENGTH).meta(described("Address of a name server.", NAMESERVER)))
      .max(DNS_MAX_ITEMS)
      .meta(described("Name servers in order of preference."))
      .exactOptional(),
    domain: wordField("Local domain for short names.").exactOptional(),
    search: z
      .array(wordField("A search domain."))
      .max(DNS_MAX_ITEMS)
      .meta(described("Search domains in order of preference."))
      .exactOptional(),
    options: z
      .array(wordField("An option, such as ndots:2."))
      .max(DNS_MAX_ITEMS)
      .meta(described("Options of the resolver, as in resolv.conf(5)."))
      .exactOptional(),
  })
  .meta(
    described(
      "DNS handed out with the address. Some main plugins (macvlan, ipvlan) drop it.",
      ...["nameservers", "search", "options"].map(eachOnce),
    ),
  );

/** A route of the interface. */
export type PoolRoute = DeepReadonly<z.infer<typeof PoolRouteSchema>>;

/** DNS handed out with the address. */
export type PoolDns = DeepReadonly<z.infer<typeof PoolDnsSchema>>;
