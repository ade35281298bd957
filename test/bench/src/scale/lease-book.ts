import { API_PATH, type IPLease, LEASE_RESOURCE, leaseName } from "@cluster-ipam/api";
import { type Address, parseAddress } from "@cluster-ipam/ip";
import type { ControlPlane } from "@cluster-ipam/test-integration";
import { boundsOf, type ScalePool } from "./scale-pools.ts";

/** What the status of a pool should say. */
export type PoolFigures = Readonly<Record<"capacity" | "used" | "free" | "outside", string>>;

/** One change of the cluster's leases. */
export interface LeaseChange {
  readonly kind: "create" | "delete";
  readonly pool: string;
  readonly address: Address;
}

/** A lease as far as pools count it. */
interface Held {
  readonly pool: string;
  readonly address: Address;
}

const PAGE_SIZE = 5_000;
/** Of three changes of a pool two are creates, so that none leaves it as it was. */
const CREATES = { of: 3, are: 2 } as const;

/** Which leases there are, by what this program itself has read once and done since: what pools should count. */
export class LeaseBook {
  readonly #pools: readonly ScalePool[];
  readonly #leases = new Map<string, Held>();
  /** Of each pool: its leases from the first one filled to the last one created, those deleted at the front. */
  readonly #windows: Map<string, { from: bigint; to: bigint; changes: number }>;

  private constructor(pools: readonly ScalePool[]) {
    this.#pools = pools;
    this.#windows = new Map(
      pools.map((pool) => {
        const from = addressOf(pool.first).value;
        return [pool.name, { from, to: from + BigInt(pool.leases), changes: 0 }];
      }),
    );
  }

  /** Reads every lease that the server has. */
  static async read({ api }: ControlPlane, pools: readonly ScalePool[]): Promise<LeaseBook> {
    const book = new LeaseBook(pools);
    for (let next: string | undefined = ""; next !== undefined; ) {
      const query = new URLSearchParams({ limit: String(PAGE_SIZE), ...(next === "" ? {} : { continue: next }) });
      const page = (await api.get(`${API_PATH}/${LEASE_RESOURCE}?${query.toString()}`)) as {
        readonly metadata: { readonly continue?: string };
        readonly items: readonly IPLease[];
      };
      for (const { metadata, spec } of page.items) {
        book.#leases.set(metadata.name, { pool: spec.pool, address: addressOf(spec.address) });
      }
      next = page.metadata.continue || undefined;
    }
    return book;
  }

  get size(): number {
    return this.#leases.size;
  }

  /** The next `count` changes, pool after pool; taken as done. */
  take(count: number): readonly LeaseChange[] {
    return Array.from({ length: count }, (_, index) =>
      this.#next(this.#pools[index % this.#pools.length] as ScalePool),
    );
  }

  /** What the status of each pool should say now, by their names. */
  figures(): ReadonlyMap<string, PoolFigures> {
    return new Map(this.#pools.map((pool) => [pool.name, this.#figuresOf(pool)]));
  }

  #next({ name, first }: ScalePool): LeaseChange {
    const window = this.#windows.get(name) ?? { from: 0n, to: 0n, changes: 0 };
    const isCreate = window.changes++ % CREATES.of < CREATES.are;
    const address = { family: addressOf(first).family, value: isCreate ? window.to++ : window.from++ };
    const key = leaseName(address, "");
    if (isCreate) this.#leases.set(key, { pool: name, address });
    else this.#leases.delete(key);
    return { kind: isCreate ? "create" : "delete", pool: name, address };
  }

  #figuresOf(pool: ScalePool): PoolFigures {
    const { family, first, last, capacity } = boundsOf(pool);
    let [used, outside] = [0n, 0n];
    for (const { address, pool: named } of this.#leases.values()) {
      const isInside = address.family === family && address.value >= first && address.value <= last;
      if (isInside) used += 1n;
      else if (named === pool.name) outside += 1n;
    }
    const free = capacity - used;
    return { capacity: `${capacity}`, used: `${used}`, free: `${free}`, outside: `${outside}` };
  }
}

function addressOf(text: string): Address {
  const address = parseAddress(text);
  if (address === undefined) throw new RangeError(`${text} is not an address`);
  return address;
}
