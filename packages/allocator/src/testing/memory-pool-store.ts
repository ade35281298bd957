import { type IPPool, IPPoolSchema } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import type { PoolList, PoolStore, UnreadablePool } from "../pool-store.ts";
import { type Pace, StoreFaults } from "./store-faults.ts";
import { VersionCounter } from "./version-counter.ts";

/** Pools in memory, with the definition's defaults, and with faults when a test asks for them. */
export class MemoryPoolStore implements PoolStore {
  readonly faults: StoreFaults<keyof PoolStore>;
  /** Pools that a list finds and cannot read. */
  readonly unreadable: UnreadablePool[] = [];
  readonly #pools = new Map<string, IPPool>();
  readonly #versions = new VersionCounter();

  /** @param pace as that of MemoryLeaseStore */
  constructor(pace?: Pace) {
    this.faults = new StoreFaults(pace);
  }

  /** Creates or edits a pool, as an administrator would; no call. */
  put(pool: IPPool): IPPool {
    const { name } = pool.metadata;
    const uid = this.#pools.get(name)?.metadata.uid;
    const metadata =
      uid === undefined ? this.#versions.first(pool.metadata) : this.#versions.next({ ...pool.metadata, uid });
    const stored: IPPool = IPPoolSchema.parse({ ...structuredClone(pool), metadata });
    this.#pools.set(name, stored);
    return structuredClone(stored);
  }

  /** Deletes a pool, as an administrator would; no call. */
  remove(name: string): void {
    this.#pools.delete(name);
  }

  get(name: string, signal: AbortSignal): Promise<IPPool | undefined> {
    return this.faults.read({ operation: "get", name }, signal, () => structuredClone(this.#pools.get(name)));
  }

  list(signal: AbortSignal): Promise<PoolList> {
    const byName = (a: IPPool, b: IPPool): number => (a.metadata.name < b.metadata.name ? -1 : 1);
    return this.faults.read({ operation: "list", name: "" }, signal, () => ({
      pools: structuredClone([...this.#pools.values()].toSorted(byName)),
      unreadable: [...this.unreadable],
    }));
  }

  async create(pool: IPPool, signal: AbortSignal): Promise<IPPool> {
    const { name } = pool.metadata;
    const createOrGet = (): IPPool => structuredClone(this.#pools.get(name)) ?? this.put(pool);
    while (!signal.aborted) {
      const outcome = await this.faults.write({ operation: "create", name }, createOrGet);
      // The kind of a pool is IPPool.
      if (outcome.kind === "IPPool") return outcome;
      await this.faults.reachable(signal);
    }
    throw new IpamError("apiserver-unreachable", "memory gave no usable answer", { cause: signal.reason });
  }
}
