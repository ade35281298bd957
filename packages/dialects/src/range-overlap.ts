import { IpamError } from "@cluster-ipam/errors";
import { type AddressRange, rangesOverlap } from "@cluster-ipam/ip";

/** A range, and where it stands in the section. */
export interface PlacedRange {
  readonly addresses: AddressRange;
  readonly where: string;
}

/**
 * Refuses ranges of one section that share an address, as host-local does: nobody means that, and two sets with the
 * same ranges would be one pool.
 *
 * @throws IpamError `bad-config` that names both
 */
export function refuseOverlaps(ranges: readonly PlacedRange[]): void {
  const ascending = ranges.toSorted((a, b) => compare(a.addresses, b.addresses));
  let previous: PlacedRange | undefined;
  for (const range of ascending) {
    if (previous !== undefined && rangesOverlap(previous.addresses, range.addresses)) {
      throw new IpamError(
        "bad-config",
        `${previous.where} and ${range.where} have addresses in common: keep them apart`,
      );
    }
    previous = range;
  }
}

function compare(a: AddressRange, b: AddressRange): number {
  if (a.family !== b.family) return a.family - b.family;
  if (a.first === b.first) return 0;
  return a.first < b.first ? -1 : 1;
}
