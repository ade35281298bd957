import type { DeleteOutcome, LeaseVersion, PoolList, PoolStore, StatusWrite } from "@cluster-ipam/allocator";
import { MemoryPoolStore } from "@cluster-ipam/allocator/testing";
import type { IPPool } from "@cluster-ipam/api";
import type { ChangeFeed } from "./change-feed.ts";

/** The pools of the API server, and every change of theirs. */
export class PoolLog implements PoolStore {
  readonly #store = new MemoryPoolStore();
  readonly #pools = new Map<string, IPPool>();
  readonly #listeners: ((pool: IPPool, sentAtMs: number) => void)[] = [];
  readonly #feed: ChangeFeed;

  constructor(feed: ChangeFeed) {
    this.#feed = feed;
  }

  /** `listener` is told of every pool that a controller has deleted, in the step in which that happens. */
  onEnd(listener: (pool: IPPool, sentAtMs: number) => void): void {
    this.#listeners.push(listener);
  }

  /** Every pool at this moment. */
  all(): readonly IPPool[] {
    return [...this.#pools.values()];
  }

  /** An administrator applies a pool; whatever its status is stays. */
  put(pool: IPPool): void {
    const status = this.#pools.get(pool.metadata.name)?.status ?? pool.status;
    this.#note(this.#store.put(status === undefined ? pool : { ...pool, status }));
  }

  /** The pool is deleted, by whoever may. */
  remove(name: string): void {
    this.#store.remove(name);
    this.#pools.delete(name);
    this.#feed.remove(name);
  }

  get(name: string, signal: AbortSignal): Promise<IPPool | undefined> {
    return this.#store.get(name, signal);
  }

  list(signal: AbortSignal): Promise<PoolList> {
    return this.#store.list(signal);
  }

  async create(pool: IPPool, signal: AbortSignal): Promise<IPPool> {
    const created = await this.#store.create(pool, signal);
    if (!this.#pools.has(created.metadata.name)) this.#note(created);
    return created;
  }

  writeStatus(pool: IPPool): Promise<StatusWrite> {
    const current = this.#pools.get(pool.metadata.name);
    if (current === undefined) return Promise.resolve({ kind: "gone" });
    if (!isAt(current, versionOf(pool))) return Promise.resolve({ kind: "changed" });
    const written = this.#store.put({ ...current, ...(pool.status === undefined ? {} : { status: pool.status }) });
    this.#note(written);
    return Promise.resolve({ kind: "written", pool: written });
  }

  /** Deletes exactly this version, as a controller does that has sent that then. */
  delete(version: LeaseVersion, sentAtMs: number): Promise<DeleteOutcome> {
    const current = this.#pools.get(version.name);
    if (current === undefined) return Promise.resolve({ kind: "gone" });
    if (!isAt(current, version)) return Promise.resolve({ kind: "changed" });
    this.remove(version.name);
    for (const listener of this.#listeners) listener(current, sentAtMs);
    return Promise.resolve({ kind: "deleted" });
  }

  #note(pool: IPPool): void {
    this.#pools.set(pool.metadata.name, pool);
    this.#feed.put(pool);
  }
}

function versionOf({ metadata: { name, uid = "", resourceVersion = "" } }: IPPool): LeaseVersion {
  return { name, uid, resourceVersion };
}

function isAt({ metadata }: IPPool, { uid, resourceVersion }: LeaseVersion): boolean {
  return metadata.uid === uid && metadata.resourceVersion === resourceVersion;
}
