import type { Clock, PoolStore, RangeSet, UnreadablePool } from "@cluster-ipam/allocator";
import type { IPPool } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import type { Logger } from "@cluster-ipam/telemetry";
import { type KnownPool, knownPool, overlaps } from "./known-pool.ts";
import { PoolListing } from "./pool-listing.ts";
import { type Refreshable, RefreshedRead, RefreshedReads } from "./refreshed-read.ts";

/** The pools that this node uses: read when needed, refreshed while in use, never trusted for long. */
export class PoolCache implements Refreshable {
  readonly #store: PoolStore;
  readonly #clock: Pick<Clock, "nowMs">;
  readonly #log: Logger;
  /** Messages of the pools that the last list found and could not read: each is logged once. */
  #unreadable: ReadonlySet<string> = new Set();
  readonly #byName: RefreshedReads<KnownPool | undefined>;
  readonly #listing: RefreshedRead<PoolListing>;

  constructor(store: PoolStore, clock: Pick<Clock, "nowMs">, log: Logger) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
    this.#byName = new RefreshedReads((name, signal) => this.#read(name, signal), clock);
    this.#listing = new RefreshedRead((signal) => this.#list(signal), clock);
  }

  /** The pool of that name; undefined when there is none, which is looked up anew each time. */
  async get(name: string, signal: AbortSignal): Promise<KnownPool | undefined> {
    const sinceMs = this.#clock.nowMs();
    const read = this.#byName.of(name);
    return (await read.use(signal)) ?? read.since(sinceMs, signal);
  }

  /** As {@link get}, for what does not take an address from the pool: it is not refreshed for that. */
  async look(name: string, signal: AbortSignal): Promise<KnownPool | undefined> {
    const sinceMs = this.#clock.nowMs();
    const read = this.#byName.of(name);
    return (await read.look(signal)) ?? read.since(sinceMs, signal);
  }

  /**
   * The pool of that name, else the default pool. That there is none of that name is trusted for as long as a pool is.
   *
   * @throws IpamError `bad-config` when two pools are annotated as the default, or there is none but one whose
   * annotation is neither "true" nor "false"
   */
  async getOrDefault(name: string, signal: AbortSignal): Promise<KnownPool | undefined> {
    const sinceMs = this.#clock.nowMs();
    const read = this.#byName.of(name);
    const known = (await read.use(signal)) ?? (await this.#listing.use(signal)).default;
    if (known !== undefined) return known;
    // That there is no pool at all, or no default, is only said of reads that began after the call.
    return (await read.since(sinceMs, signal)) ?? (await this.#listing.since(sinceMs, signal)).defaultOrError();
  }

  /** The pool of that name, made from `draft` where there is none. */
  async getOrCreate(draft: IPPool, signal: AbortSignal): Promise<KnownPool> {
    const read = this.#byName.of(draft.metadata.name);
    const known = await read.use(signal);
    if (known !== undefined) return known;
    await this.#store.create(draft, signal);
    const created = await read.fresh(signal);
    if (created !== undefined) return created;
    throw new IpamError(
      "no-pool",
      `pool ${draft.metadata.name} was deleted while it was made: the call will be repeated`,
    );
  }

  /** Every pool, by a list that calls share. */
  all(signal: AbortSignal): Promise<PoolListing> {
    return this.#listing.use(signal);
  }

  /**
   * Names of all pools that share an address with `set`, its own included; read live. With "", for the leases that no
   * pool stands behind: reservations, and addresses that an ipam section names.
   */
  async overlapping(set: RangeSet, signal: AbortSignal): Promise<string[]> {
    const { pools, unreadable } = await this.#store.list(signal);
    // One that cannot be read hands nothing out now, but may have before: its leases count.
    const others = [...pools.filter((pool) => overlaps(pool, set)), ...unreadable].map(({ metadata }) => metadata.name);
    return [set.pool, "", ...others.filter((name) => name !== set.pool)];
  }

  inUse(): readonly RefreshedRead<unknown>[] {
    return [...this.#byName.inUse(), ...(this.#listing.isInUse ? [this.#listing] : [])];
  }

  async #read(name: string, signal: AbortSignal): Promise<KnownPool | undefined> {
    const pool = await this.#store.get(name, signal);
    return pool === undefined ? undefined : knownPool(pool, this.#byName.of(name).latest);
  }

  async #list(signal: AbortSignal): Promise<PoolListing> {
    const list = await this.#store.list(signal);
    this.#noteUnreadable(list.unreadable);
    return new PoolListing(list, this.#listing.latest);
  }

  #noteUnreadable(unreadable: readonly UnreadablePool[]): void {
    for (const { metadata, error } of unreadable) {
      if (!this.#unreadable.has(error.message)) {
        this.#log.warn({ err: error, pool: metadata.name }, "pool cannot be read and is left out");
      }
    }
    this.#unreadable = new Set(unreadable.map(({ error }) => error.message));
  }
}
