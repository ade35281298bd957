export {
  type Address,
  addressBits,
  type Family,
  formatAddress,
  ipv6Groups,
  isCanonicalAddress,
  parseAddress,
} from "./address.ts";
export {
  type AddressRange,
  formatRange,
  parseSpan,
  rangeContains,
  rangeOfCidr,
  rangesOverlap,
} from "./address-range.ts";
export { AddressSet } from "./address-set.ts";
export { type Cidr, cidrContains, firstOf, formatCidr, hasHostBits, lastOf, networkOf, parseCidr } from "./cidr.ts";
