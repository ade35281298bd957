import { parseLeaseName } from "@cluster-ipam/api";
import type { Address } from "@cluster-ipam/ip";
import type { Clock } from "./clock.ts";
import type { LeaseStore } from "./lease-store.ts";
import { Occupancy } from "./occupancy.ts";
import type { RangeSet } from "./range-set.ts";
import { SharedRead } from "./shared-read.ts";

/** How long what a list said is used to choose candidates. It only steers: the create decides. */
const HINT_LIFETIME_MS = 5_000;

/** What the hints need to know of the world. */
export interface OccupancySource {
  readonly leases: Pick<LeaseStore, "listNames">;
  /** Names of all pools whose addresses may lie in the set, its own included. */
  readonly poolsOverlapping: (set: RangeSet, signal: AbortSignal) => Promise<readonly string[]>;
  readonly clock: Pick<Clock, "nowMs">;
}

/** Which leases a list is of: those of the pools that overlap the set, or all there are, of pools that are gone too. */
export type ListScope = "pools" | "all";

type Lists = Readonly<Record<ListScope, SharedRead<Occupancy>>>;

/**
 * Occupancy lists of this node's range sets: one list at a time for each, kept as a hint for a few seconds.
 *
 * Keyed by the range set itself: an edited pool has new range sets, whose offsets mean other addresses.
 */
export class OccupancyHints {
  readonly #source: OccupancySource;
  readonly #lists = new WeakMap<RangeSet, Lists>();

  constructor(source: OccupancySource) {
    this.#source = source;
  }

  /** The last list, one of all leases before others, if it is fresh enough to steer by. */
  peek(set: RangeSet): Occupancy | undefined {
    const lists = this.#lists.get(set);
    return lists === undefined ? undefined : (this.#fresh(lists.all) ?? this.#fresh(lists.pools));
  }

  /**
   * Occupancy from a list that began at `sinceMs` or later: only such a list can prove a pool full to a call that
   * began then.
   *
   * @param scope that the list has at least; one of all leases costs the server and this node a look at each of them
   * @throws IpamError `apiserver-unreachable` when `signal` ends it
   */
  listedSince(set: RangeSet, sinceMs: number, signal: AbortSignal, scope: ListScope = "pools"): Promise<Occupancy> {
    const lists = this.#listsOf(set);
    const all = lists.all.latest;
    if (all !== undefined && all.startedAtMs >= sinceMs) return Promise.resolve(all.value);
    return lists[scope].since(sinceMs, signal);
  }

  /** `address` is taken: a create said so, or made it so. */
  learnTaken(set: RangeSet, address: Address): void {
    const lists = this.#lists.get(set);
    const offset = lists && set.open.offsetOf(address);
    if (offset === undefined) return;
    lists?.all.latest?.value.add(offset);
    lists?.pools.latest?.value.add(offset);
  }

  #fresh(list: SharedRead<Occupancy>): Occupancy | undefined {
    const { latest } = list;
    if (latest === undefined) return undefined;
    if (this.#source.clock.nowMs() - latest.startedAtMs <= HINT_LIFETIME_MS) return latest.value;
    list.forget();
    return undefined;
  }

  #listsOf(set: RangeSet): Lists {
    const known = this.#lists.get(set);
    if (known !== undefined) return known;
    const { clock, leases } = this.#source;
    const lists = {
      pools: new SharedRead(async (signal) => occupancyOf(set, await this.#namesOfPools(set, signal)), clock),
      all: new SharedRead(async (signal) => occupancyOf(set, await leases.listNames(undefined, signal)), clock),
    };
    this.#lists.set(set, lists);
    return lists;
  }

  async #namesOfPools(set: RangeSet, signal: AbortSignal): Promise<readonly string[]> {
    const { leases, poolsOverlapping } = this.#source;
    const pools = await poolsOverlapping(set, signal);
    return (await Promise.all(pools.map((pool) => leases.listNames(pool, signal)))).flat();
  }
}

function occupancyOf(set: RangeSet, names: readonly string[]): Occupancy {
  return new Occupancy(
    set.open.size,
    names.flatMap((name) => offsetOfName(set, name) ?? []),
  );
}

function offsetOfName(set: RangeSet, name: string): bigint | undefined {
  const parsed = parseLeaseName(name);
  return parsed?.addressSpace === set.addressSpace ? set.open.offsetOf(parsed.address) : undefined;
}
