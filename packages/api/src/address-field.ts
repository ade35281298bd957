import * as z from "zod";
import { type CelRule, described } from "./cel-rule.ts";

/** Longest canonical IPv6 address. */
const ADDRESS_MAX_LENGTH = 39;
/** Longest address, "/" and "128". */
const CIDR_MAX_LENGTH = 43;
/** A DNS label (RFC 1123). */
const LABEL_MAX_LENGTH = 63;

const CANONICAL_ADDRESS: CelRule = {
  rule: "isIP(self) && ip.isCanonical(self)",
  message: "must be an IP address in canonical form, such as 10.0.0.5 or 2001:db8::5",
  messageExpression:
    "isIP(self) ? 'not in canonical form: write %s'.format([string(ip(self))])" +
    " : 'not an IP address: expected one such as 10.0.0.5 or 2001:db8::5," +
    " without leading zeros, zone or prefix length'",
};

const CIDR: CelRule = {
  rule: "isCIDR(self)",
  message: "not a CIDR: expected one such as 10.0.0.0/24 or 2001:db8::/64",
};

const NETWORK: CelRule = {
  rule: "!isCIDR(self) || string(cidr(self).masked()) == self",
  message: "must be in canonical form and have no host bits set",
  messageExpression:
    "'host bits are set, or it is not in canonical form: write %s'.format([string(cidr(self).masked())])",
};

const ADDRESS_SPACE: CelRule = {
  rule: isAddressSpaceRule("self"),
  message:
    'must be a DNS label (lower-case letters, digits and "-", such as "tenant-a"), or empty for the default space',
};

/** CEL for whether an expression is the name of an address space. */
export function isAddressSpaceRule(expression: string): string {
  return `(${expression} == '' || ${expression}.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'))`;
}

/** Schema of one canonical IP address, with further rules of the field. */
export function addressField(description: string, ...rules: readonly CelRule[]): z.ZodString {
  return z
    .string()
    .max(ADDRESS_MAX_LENGTH)
    .meta(described(description, CANONICAL_ADDRESS, ...rules));
}

/** Schema of one network in CIDR notation, canonical and without host bits, with further rules of the field. */
export function subnetField(description: string, ...rules: readonly CelRule[]): z.ZodString {
  return z
    .string()
    .max(CIDR_MAX_LENGTH)
    .meta(described(description, CIDR, NETWORK, ...rules));
}

/** Schema of the name of an address space; "" is the default space. */
export function addressSpaceField(description: string, ...rules: readonly CelRule[]): z.ZodDefault<z.ZodString> {
  return z
    .string()
    .max(LABEL_MAX_LENGTH)
    .meta(described(description, ADDRESS_SPACE, ...rules))
    .default("");
}
