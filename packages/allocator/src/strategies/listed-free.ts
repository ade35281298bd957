import { IpamError } from "@cluster-ipam/errors";
import type { Address } from "@cluster-ipam/ip";
import type { Random } from "../clock.ts";
import type { Occupancy } from "../occupancy.ts";
import { describeRanges, type RangeSet } from "../range-set.ts";
import type { CandidateContext, Candidates } from "./candidates.ts";

/**
 * Which free address comes next: how many free ones lie below it.
 *
 * @param free how many there are, at least 1
 * @param lost how many candidates from this list were taken
 */
export type RankChoice = (free: bigint, lost: number) => bigint;

/**
 * How many candidates may be taken before a better list is worth its cost: after those of a hint from before the call one
 * of the call's own, after those of that one a list of all leases. More are hardly lost in a race: leases stand in the
 * way whose pool is gone, so that no list of pools leads to them.
 */
const PATIENCE = { hint: 4, pools: 16, all: Number.POSITIVE_INFINITY } as const;

/** The error for a set of which a list that began after the call shows nothing free. */
export type FullError = (set: RangeSet, occupancy: Occupancy) => IpamError;

/** Free addresses by the occupancy list, until a list that began after the call shows that there is none. */
export async function* listedFree(
  context: CandidateContext,
  choose: RankChoice,
  full: FullError = poolExhausted,
): Candidates {
  const { set, hints, startedAtMs, signal } = context;
  const hint = hints.peek(set);
  let occupancy = hint ?? (await hints.listedSince(set, startedAtMs, signal));
  let basis: keyof typeof PATIENCE = hint === undefined ? "pools" : "hint";
  for (;;) {
    yield* freeBy(occupancy, set, choose, PATIENCE[basis]);
    const isFull = occupancy.free === 0n;
    if (isFull && basis === "all") throw full(set, occupancy);
    basis = basis === "pools" && !isFull ? "all" : "pools";
    const newer = await hints.listedSince(set, startedAtMs, signal, basis);
    if (newer === occupancy && isFull) throw full(set, occupancy);
    occupancy = newer;
  }
}

/** What the list shows free, as long as there is any and the patience lasts. */
function* freeBy(
  occupancy: Occupancy,
  set: RangeSet,
  choose: RankChoice,
  patience: number,
): Generator<Address, void, void> {
  for (let lost = 0; occupancy.free > 0n && lost < patience; lost += 1) {
    const offset = occupancy.freeAt(choose(occupancy.free, lost));
    yield set.open.at(offset);
    // Not left to the hints: these may hold a newer list by now, and the search must end.
    occupancy.add(offset);
  }
}

/** `pool lab is full: …`: of a set that all nodes hand out of. */
export function poolExhausted(set: RangeSet, occupancy: Occupancy): IpamError {
  const capacity = set.open.size;
  // Nobody is to look for pods that could give way where none can.
  const why =
    capacity === 0n ? ": all of it gateways, excluded, on request only, or the first or last of a subnet" : "";
  return new IpamError(
    "pool-exhausted",
    `pool ${set.pool} is full: ${occupancy.used} used of a capacity of ${capacity} (${describeRanges(set)}${why})`,
  );
}

/** A number in [0, limit), evenly spread also where `limit` passes 2^53. */
export function randomBelow(limit: bigint, random: Random): bigint {
  let scaled = 0n;
  // 32 bits a round; 64 more than the limit has keep the remainder's bias below 2^-64.
  for (let bits = limit.toString(2).length + 64; bits > 0; bits -= 32) {
    scaled = (scaled << 32n) | BigInt(Math.floor(random() * 2 ** 32));
  }
  return scaled % limit;
}
