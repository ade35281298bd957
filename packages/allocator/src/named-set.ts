import { AddressSet, networkOf } from "@cluster-ipam/ip";
import type { NamedAddress } from "./allocation-request.ts";
import type { RangeSet } from "./range-set.ts";

/** The set of one address that an ipam section names itself; no pool stands behind it. */
export function namedSet({ cidr, gateway }: NamedAddress, addressSpace: string): RangeSet {
  const { family, value } = cidr;
  const range = { family, first: value, last: value };
  const subnets = [{ cidr: networkOf(cidr), range, gateway, isOnRequest: true }];
  const addresses = AddressSet.of(family, [range]);
  return { pool: "", addressSpace, family, addresses, open: AddressSet.of(family, []), subnets, isNodesOwn: false };
}
