import type { RangeSet } from "@cluster-ipam/allocator";
import type { IPPool } from "@cluster-ipam/api";
import type { LeaseFact } from "../leases/lease-fact.ts";

/** What a pool hands out, or why it hands out nothing. */
export interface PoolReading {
  /** One set a family; [] where the pool has a fault. */
  readonly sets: readonly RangeSet[];
  /** What is wrong with the pool, for people; undefined where agents can serve it. */
  readonly fault: string | undefined;
}

/** A pool as the server has it, read. */
export interface PoolFact extends PoolReading {
  readonly pool: IPPool;
}

/** An address as a lease has it. */
type LeasedAddress = Pick<LeaseFact, "address" | "addressSpace">;

/** Reads a pool. Never throws: what is wrong is the reading's `fault`. */
export type PoolReader = (pool: IPPool) => PoolReading;

/** All pools of the cluster, read once for each version of them, and which of them share addresses. */
export class PoolTable {
  readonly #read: PoolReader;
  readonly #byName = new Map<string, PoolFact>();
  /** Names of the pools that overlap one, as far as anybody has asked since the last change. */
  readonly #overlaps = new Map<string, readonly string[]>();

  constructor(read: PoolReader) {
    this.#read = read;
  }

  /** The pool of that name. */
  get(name: string): PoolFact | undefined {
    return this.#byName.get(name);
  }

  /** Names of all pools. */
  names(): Iterable<string> {
    return this.#byName.keys();
  }

  /**
   * Takes a pool in, or its next version.
   *
   * @returns names of the pools whose condition Overlapping may be another one by now, its own among them
   */
  set(pool: IPPool): ReadonlySet<string> {
    const { name } = pool.metadata;
    const known = this.#byName.get(name);
    if (known !== undefined && isSameSpec(known.pool, pool)) {
      this.#byName.set(name, { ...known, pool });
      return new Set([name]);
    }
    return this.#put({ pool, ...this.#read(pool) });
  }

  /**
   * Reads a pool anew, since something else that it is read from has changed.
   *
   * @returns as {@link set} does; nothing where the pool hands out what it did, or is not there
   */
  reread(name: string): ReadonlySet<string> {
    const known = this.#byName.get(name);
    if (known === undefined) return new Set();
    const { pool } = known;
    const reading = this.#read(pool);
    return isSameReading(known, reading) ? new Set() : this.#put({ pool, ...reading });
  }

  /** @returns names of the pools that overlapped it */
  delete(name: string): ReadonlySet<string> {
    const before = this.overlapping(name);
    this.#overlaps.clear();
    this.#byName.delete(name);
    return new Set(before);
  }

  /** Whether the pool is there and hands the address out, be it on request. */
  handsOut(name: string, lease: LeasedAddress): boolean {
    const fact = this.#byName.get(name);
    return fact !== undefined && has(fact, lease);
  }

  /** Names of the pools whose counts the lease is part of: those that hand its address out, and its own. */
  concernedBy(lease: LeasedAddress & Pick<LeaseFact, "pool">): readonly string[] {
    const { pool } = lease;
    if (this.handsOut(pool, lease)) return [pool, ...this.overlapping(pool)];
    const holding = [...this.#byName.values()].filter((fact) => has(fact, lease));
    const names = holding.map((fact) => fact.pool.metadata.name);
    return this.#byName.has(pool) ? [pool, ...names] : names;
  }

  /** Names of the other pools of the same space that share an address with the pool, in order. */
  overlapping(name: string): readonly string[] {
    let found = this.#overlaps.get(name);
    if (found === undefined) {
      found = this.#findOverlapping(name);
      this.#overlaps.set(name, found);
    }
    return found;
  }

  #put(fact: PoolFact): ReadonlySet<string> {
    const { name } = fact.pool.metadata;
    const before = this.overlapping(name);
    this.#overlaps.clear();
    this.#byName.set(name, fact);
    return new Set([name, ...before, ...this.overlapping(name)]);
  }

  #findOverlapping(name: string): readonly string[] {
    const own = this.#byName.get(name);
    if (own === undefined) return [];
    const others = [...this.#byName.entries()].filter(([other, fact]) => other !== name && share(own, fact));
    return others.map(([other]) => other).toSorted();
  }
}

/** Whether two versions of a pool say the same, as far as that is known without reading them: most writes are of the status. */
function isSameSpec(a: IPPool, b: IPPool): boolean {
  const { uid, generation } = a.metadata;
  const isTold = uid !== undefined && generation !== undefined;
  return isTold && uid === b.metadata.uid && generation === b.metadata.generation;
}

function isSameReading(a: PoolReading, b: PoolReading): boolean {
  if (a.fault !== b.fault || a.sets.length !== b.sets.length) return false;
  return a.sets.every(({ addresses, open }, at) => {
    const other = b.sets[at];
    return other !== undefined && addresses.equals(other.addresses) && open.equals(other.open);
  });
}

function has({ sets }: PoolFact, { address, addressSpace }: LeasedAddress): boolean {
  return sets.some((set) => set.addressSpace === addressSpace && set.addresses.has(address));
}

function share(a: PoolFact, b: PoolFact): boolean {
  if (a.pool.spec.addressSpace !== b.pool.spec.addressSpace) return false;
  return a.sets.some((one) => b.sets.some((two) => one.addresses.overlaps(two.addresses)));
}
