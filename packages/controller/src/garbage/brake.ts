/** Below so many leases in all a list that shows none of them is nothing unusual. */
const LEASES_MIN = 100;

/** How much of the whole goes at once. */
export interface BrakeLook {
  /** Leases that would go. */
  readonly going: number;
  /** All leases. */
  readonly all: number;
}

/**
 * Whether so many leases would go at once that it is more likely that a list is wrong than that their nodes are lost: a
 * wrong list must not empty a cluster.
 *
 * @param maxPercent share of all leases that may go at once
 */
export function isTooMany({ going, all }: BrakeLook, maxPercent: number): boolean {
  return all > LEASES_MIN && going * 100 > all * maxPercent;
}
