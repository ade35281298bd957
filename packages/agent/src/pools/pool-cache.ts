import { type Clock, type PoolStore, type RangeSet, SharedRead, type UnreadablePool } from "@cluster-ipam/allocator";
import { DEFAULT_POOL_ANNOTATION, type IPPool } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import type { Logger } from "@cluster-ipam/telemetry";
import { type KnownPool, knownPool, overlaps } from "./known-pool.ts";

/** A pool in use is read again this often, in the background. */
const REFRESH_INTERVAL_MS = 5_000;
/** A pool read longer ago than this serves no call. */
const TRUST_MS = 10_000;
/** A pool that served no call for this long is not refreshed any more. */
const IN_USE_MS = 30_000;
/** Bound of one refresh in the background. */
const REFRESH_TIMEOUT_MS = 4_000;

interface Entry {
  readonly read: SharedRead<KnownPool | undefined>;
  usedAtMs: number;
}

/** The pools that this node uses: read when needed, refreshed while in use, never trusted for long. */
export class PoolCache {
  readonly #store: PoolStore;
  readonly #clock: Pick<Clock, "nowMs">;
  readonly #log: Logger;
  /** Messages of the pools that the last list found and could not read: each is logged once. */
  #unreadable: ReadonlySet<string> = new Set();
  /** What is wrong where the last list had no default pool, but one that somebody meant to be. */
  #misspelt: IpamError | undefined;
  readonly #entries = new Map<string, Entry>();
  readonly #defaults: Entry;

  constructor(store: PoolStore, clock: Pick<Clock, "nowMs">, log: Logger) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
    this.#defaults = {
      read: new SharedRead((signal) => this.#readDefault(signal), clock),
      usedAtMs: Number.NEGATIVE_INFINITY,
    };
  }

  /** The pool of that name; undefined when there is none, which is looked up anew each time. */
  async get(name: string, signal: AbortSignal): Promise<KnownPool | undefined> {
    const sinceMs = this.#clock.nowMs();
    const entry = this.#entryOf(name);
    return (await this.#use(entry, signal)) ?? entry.read.since(sinceMs, signal);
  }

  /** As {@link get}, for what does not take an address from the pool: it is not refreshed for that. */
  async look(name: string, signal: AbortSignal): Promise<KnownPool | undefined> {
    const sinceMs = this.#clock.nowMs();
    const { read } = this.#entryOf(name);
    return (await read.since(sinceMs - TRUST_MS, signal)) ?? read.since(sinceMs, signal);
  }

  /**
   * The pool of that name, else the default pool. That there is none of that name is trusted for as long as a pool is.
   *
   * @throws IpamError `bad-config` when two pools are annotated as the default, or there is none but one whose
   * annotation is neither "true" nor "false"
   */
  async getOrDefault(name: string, signal: AbortSignal): Promise<KnownPool | undefined> {
    const sinceMs = this.#clock.nowMs();
    const entry = this.#entryOf(name);
    const known = (await this.#use(entry, signal)) ?? (await this.#use(this.#defaults, signal));
    if (known !== undefined) return known;
    // That there is no pool at all is only said of reads that began after the call.
    const fresh = (await entry.read.since(sinceMs, signal)) ?? (await this.#defaults.read.since(sinceMs, signal));
    if (fresh === undefined && this.#misspelt !== undefined) throw this.#misspelt;
    return fresh;
  }

  /** The pool of that name, made from `draft` where there is none. */
  async getOrCreate(draft: IPPool, signal: AbortSignal): Promise<KnownPool> {
    const entry = this.#entryOf(draft.metadata.name);
    const known = await this.#use(entry, signal);
    if (known !== undefined) return known;
    await this.#store.create(draft, signal);
    const created = await this.#fresh(entry, signal);
    if (created !== undefined) return created;
    throw new IpamError(
      "no-pool",
      `pool ${draft.metadata.name} was deleted while it was made: the call will be repeated`,
    );
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

  /** Refreshes every pool in use until `signal` aborts; nothing is asked of the server while none is. */
  async refreshUntil(signal: AbortSignal, clock: Clock): Promise<void> {
    while (!signal.aborted) {
      await clock.sleep(REFRESH_INTERVAL_MS, signal);
      const timeout = AbortSignal.any([signal, AbortSignal.timeout(REFRESH_TIMEOUT_MS)]);
      // A refresh that fails is made good by the next call, which reads for itself and reports.
      await Promise.allSettled(this.#inUse().map((entry) => this.#fresh(entry, timeout)));
    }
  }

  #inUse(): Entry[] {
    const sinceMs = this.#clock.nowMs() - IN_USE_MS;
    for (const [name, entry] of this.#entries) {
      if (entry.usedAtMs < sinceMs) this.#entries.delete(name);
    }
    return [...this.#entries.values(), ...(this.#defaults.usedAtMs < sinceMs ? [] : [this.#defaults])];
  }

  #entryOf(name: string): Entry {
    let entry = this.#entries.get(name);
    if (entry === undefined) {
      entry = { read: new SharedRead((signal) => this.#read(name, signal), this.#clock), usedAtMs: 0 };
      this.#entries.set(name, entry);
    }
    return entry;
  }

  #use(entry: Entry, signal: AbortSignal): Promise<KnownPool | undefined> {
    entry.usedAtMs = this.#clock.nowMs();
    return entry.read.since(entry.usedAtMs - TRUST_MS, signal);
  }

  #fresh(entry: Entry, signal: AbortSignal): Promise<KnownPool | undefined> {
    return entry.read.since(this.#clock.nowMs(), signal);
  }

  async #read(name: string, signal: AbortSignal): Promise<KnownPool | undefined> {
    const pool = await this.#store.get(name, signal);
    const previous = this.#entries.get(name)?.read.latest?.value;
    return pool === undefined ? undefined : knownPool(pool, previous);
  }

  async #readDefault(signal: AbortSignal): Promise<KnownPool | undefined> {
    const list = await this.#store.list(signal);
    this.#noteUnreadable(list.unreadable);
    const pools = list.pools.filter(isDefault);
    const broken = list.unreadable.find(isDefault);
    const [pool, second] = pools;
    if (broken !== undefined) throw broken.error;
    this.#misspelt = pools.length === 0 ? misspeltDefault(list.pools) : undefined;
    if (pool === undefined) return undefined;
    if (second === undefined) return knownPool(pool, this.#defaults.read.latest?.value);
    const names = pools.map(({ metadata }) => metadata.name).join(" and ");
    throw new IpamError(
      "bad-config",
      `pools ${names} both have the annotation ${DEFAULT_POOL_ANNOTATION}: keep it on one`,
    );
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

function misspeltDefault(pools: readonly IPPool[]): IpamError | undefined {
  for (const { metadata } of pools) {
    const mark = metadata.annotations?.[DEFAULT_POOL_ANNOTATION];
    if (mark === undefined || mark === "true" || mark === "false") continue;
    const wayOut = 'write "true" (kubectl annotate --overwrite), or remove it';
    const text = `the annotation ${DEFAULT_POOL_ANNOTATION} of pool ${metadata.name} is "${mark}": ${wayOut}`;
    return new IpamError("bad-config", `no pool is the default: ${text}`);
  }
  return undefined;
}

function isDefault({ metadata }: Pick<IPPool, "metadata"> | UnreadablePool): boolean {
  return metadata.annotations?.[DEFAULT_POOL_ANNOTATION] === "true";
}
