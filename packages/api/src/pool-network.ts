import * as z from "zod";
import { addressField, subnetField } from "./address-field.ts";
import { type CelRule, described } from "./cel-rule.ts";
import type { DeepReadonly } from "./deep-readonly.ts";

const ADDRESS_TEXT_MAX_LENGTH = 39;
const DOMAIN_MAX_LENGTH = 253;
const DNS_MAX_ITEMS = 32;

const ROUTE_RULES: readonly CelRule[] = [
  {
    rule:
      "!has(self.gw) || !isIP(self.gw) || !isCIDR(self.dst)" +
      " || ip(self.gw).family() == cidr(self.dst).ip().family()",
    message: "gw must be of the same family as dst",
    messageExpression: "'gw %s is of another family than dst %s'.format([self.gw, self.dst])",
    fieldPath: ".gw",
  },
];

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

const domainField = z.string().min(1).max(DOMAIN_MAX_LENGTH);

/** Schema of {@link PoolDns}. */
export const PoolDnsSchema = z
  .object({
    nameservers: z
      .array(z.string().max(ADDRESS_TEXT_MAX_LENGTH).meta(described("Address of a name server.", NAMESERVER)))
      .max(DNS_MAX_ITEMS)
      .meta(described("Name servers in order of preference."))
      .exactOptional(),
    domain: domainField.meta(described("Local domain for short names.")).exactOptional(),
    search: z
      .array(domainField.meta(described("A search domain.")))
      .max(DNS_MAX_ITEMS)
      .meta(described("Search domains in order of preference."))
      .exactOptional(),
    options: z
      .array(domainField.meta(described("An option, such as ndots:2.")))
      .max(DNS_MAX_ITEMS)
      .meta(described("Options of the resolver, as in resolv.conf(5)."))
      .exactOptional(),
  })
  .meta(described("DNS handed out with the address. Some main plugins (macvlan, ipvlan) drop it."));

/** A route of the interface. */
export type PoolRoute = DeepReadonly<z.infer<typeof PoolRouteSchema>>;

/** DNS handed out with the address. */
export type PoolDns = DeepReadonly<z.infer<typeof PoolDnsSchema>>;
