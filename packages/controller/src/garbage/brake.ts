import { listNames } from "../list-names.ts";

/** Below so many leases in all a list that shows none of them is nothing unusual. */
const LEASES_MIN = 100;

/** How much of the whole goes at once. */
export interface BrakeLook {
  /** Leases that would go. */
  readonly going: number;
  /** All leases. */
  readonly all: number;
}

/** What would go, and is held up. */
export interface BrakedRound extends BrakeLook {
  /** Names of the nodes that are taken for lost. */
  readonly nodes: readonly string[];
  /** Leases that would go, by the pool that they name. */
  readonly goingOfPool: ReadonlyMap<string, number>;
}

/** Names of nodes that a sentence tells; there may be thousands. */
const NODES_TOLD = 5;

/**
 * Whether so many leases would go at once that it is more likely that a list is wrong than that their nodes are lost: a
 * wrong list must not empty a cluster.
 *
 * @param maxPercent share of all leases that may go at once
 */
export function isTooMany({ going, all }: BrakeLook, maxPercent: number): boolean {
  return all > LEASES_MIN && going * 100 > all * maxPercent;
}

/** What each pool with leases that are held up says of that, by its name: what, why, and how to let them go. */
export function describeHeld(round: BrakedRound, maxPercent: number): ReadonlyMap<string, string> {
  const { going, all, nodes, goingOfPool } = round;
  const needed = Math.ceil((going * 100) / all);
  const text = (count: number): string =>
    `${count} of its leases are not given back, though their nodes are taken for lost (${listNames(nodes.toSorted(), NODES_TOLD)}): ${going} of all ` +
    `${all} leases would go at once, and more than ${maxPercent} % may not. If these nodes are lost indeed, start the ` +
    `controllers with --garbage-max-percent=${needed} or more until it is done; if not, find out why they are NotReady ` +
    "and tainted, or have no Node object";
  return new Map([...goingOfPool].map(([pool, count]) => [pool, text(count)]));
}
