import { isAddressSpace } from "@cluster-ipam/api";
import { badValue } from "./section-value.ts";

/**
 * Reads an address space: a DNS label (RFC 1123), since it leads the names of its leases.
 *
 * @returns "", the default space, when the section has no such key
 * @throws IpamError `bad-config`
 */
export function readAddressSpace(value: unknown, where: string): string {
  if (value === undefined) return "";
  if (typeof value === "string" && isAddressSpace(value)) return value;
  throw badValue(where, value, 'expected a DNS label such as "blue" (a-z, 0-9 and "-")');
}
