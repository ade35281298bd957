import { IpamError } from "@cluster-ipam/errors";
import type { Random } from "../clock.ts";
import type { Occupancy } from "../occupancy.ts";
import { describeRanges, type RangeSet } from "../range-set.ts";
import type { CandidateContext, Candidates } from "./candidates.ts";

/** Free addresses at random, by the occupancy list: the way that still works when nearly nothing is free. */
export async function* anyFree({ set, hints, random, startedAtMs, signal }: CandidateContext): Candidates {
  let occupancy = hints.peek(set) ?? (await hints.listedSince(set, startedAtMs, signal));
  for (;;) {
    while (occupancy.free > 0n) {
      const offset = occupancy.freeAt(randomBelow(occupancy.free, random));
      yield set.addresses.at(offset);
      // Not left to the hints: these may hold a newer list by now, and this loop must end.
      occupancy.add(offset);
    }
    const newer = await hints.listedSince(set, startedAtMs, signal);
    if (newer === occupancy) throw poolExhausted(set, occupancy);
    occupancy = newer;
  }
}

function poolExhausted(set: RangeSet, occupancy: Occupancy): IpamError {
  const capacity = set.addresses.size;
  // Nobody is to look for pods that could give way where none can.
  const why = capacity === 0n ? ": all of it gateways, excluded, or the first or last of a subnet" : "";
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
