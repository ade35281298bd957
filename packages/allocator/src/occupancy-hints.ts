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

/**
 * Occupancy lists of this node's range sets: one list at a time for each, kept as a hint for a few seconds.
 *
 * Keyed by the range set itself: an edited pool has new range sets, whose offsets mean other addresses.
 */
export class OccupancyHints {
  readonly #source: OccupancySource;
  readonly #lists = new WeakMap<RangeSet, SharedRead<Occupancy>>();

  constructor(source: OccupancySource) {
    this.#source = source;
  }

  /** The last list, if it is fresh enough to steer by. */
  peek(set: RangeSet): Occupancy | undefined {
    const list = this.#lists.get(set);
    const latest = list?.latest;
    if (latest === undefined) return undefined;
    if (this.#source.clock.nowMs() - latest.startedAtMs <= HINT_LIFETIME_MS) return latest.value;
    list?.forget();
    return undefined;
  }

  /**
   * Occupancy from a list that began at `sinceMs` or later: only such a list can prove a pool full to a call that
   * began then.
   *
   * @throws IpamError `apiserver-unreachable` when `signal` ends it
   */
  listedSince(set: RangeSet, sinceMs: number, signal: AbortSignal): Promise<Occupancy> {
    let list = this.#lists.get(set);
    if (list === undefined) {
      list = new SharedRead((ending) => this.#list(set, ending), this.#source.clock);
      this.#lists.set(set, list);
    }
    return list.since(sinceMs, signal);
  }

  /** `address` is taken: a create said so, or made it so. */
  learnTaken(set: RangeSet, address: Address): void {
    const offset = set.open.offsetOf(address);
    if (offset !== undefined) this.#lists.get(set)?.latest?.value.add(offset);
  }

  async #list(set: RangeSet, signal: AbortSignal): Promise<Occupancy> {
    const pools = await this.#source.poolsOverlapping(set, signal);
    const taken = await Promise.all(pools.map((pool) => this.#takenOf(pool, set, signal)));
    return new Occupancy(set.open.size, taken.flat());
  }

  async #takenOf(pool: string, set: RangeSet, signal: AbortSignal): Promise<bigint[]> {
    const names = await this.#source.leases.listNames(pool, signal);
    return names.flatMap((name) => offsetOfName(set, name) ?? []);
  }
}

function offsetOfName(set: RangeSet, name: string): bigint | undefined {
  const parsed = parseLeaseName(name);
  return parsed?.addressSpace === set.addressSpace ? set.open.offsetOf(parsed.address) : undefined;
}
