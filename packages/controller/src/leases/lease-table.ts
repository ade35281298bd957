import type { LeaseFact } from "./lease-fact.ts";

/**
 * All leases of the cluster by their names, and by what others look for them by. Each change costs the same whatever
 * the number of leases.
 */
export class LeaseTable {
  readonly #byName = new Map<string, LeaseFact>();
  readonly #byPool = new Map<string, Set<LeaseFact>>();
  readonly #byNode = new Map<string, Set<LeaseFact>>();

  /** Number of leases. */
  get size(): number {
    return this.#byName.size;
  }

  /** The lease of that name. */
  get(name: string): LeaseFact | undefined {
    return this.#byName.get(name);
  }

  /**
   * Takes a lease in, or its next version.
   *
   * @returns what was known under the name before
   */
  set(lease: LeaseFact): LeaseFact | undefined {
    const before = this.delete(lease.name);
    this.#byName.set(lease.name, lease);
    addTo(this.#byPool, lease.pool, lease);
    addTo(this.#byNode, lease.node, lease);
    return before;
  }

  /** @returns what was known under the name */
  delete(name: string): LeaseFact | undefined {
    const lease = this.#byName.get(name);
    if (lease === undefined) return undefined;
    this.#byName.delete(name);
    removeFrom(this.#byPool, lease.pool, lease);
    removeFrom(this.#byNode, lease.node, lease);
    return lease;
  }

  /** Every lease. */
  all(): Iterable<LeaseFact> {
    return this.#byName.values();
  }

  /** Names of the pools that leases name, "" among them where one names none. */
  pools(): Iterable<string> {
    return this.#byPool.keys();
  }

  /** Leases that name the pool. */
  ofPool(pool: string): ReadonlySet<LeaseFact> {
    return this.#byPool.get(pool) ?? new Set();
  }

  /** Names of the nodes that have leases; "" for the leases that nobody is attached to. */
  nodes(): Iterable<string> {
    return this.#byNode.keys();
  }

  /** Leases of a node. */
  ofNode(node: string): ReadonlySet<LeaseFact> {
    return this.#byNode.get(node) ?? new Set();
  }
}

function addTo(index: Map<string, Set<LeaseFact>>, key: string, lease: LeaseFact): void {
  const found = index.get(key);
  if (found === undefined) index.set(key, new Set([lease]));
  else found.add(lease);
}

function removeFrom(index: Map<string, Set<LeaseFact>>, key: string, lease: LeaseFact): void {
  const found = index.get(key);
  if (found === undefined) return;
  found.delete(lease);
  if (found.size === 0) index.delete(key);
}
