import type { PoolTable } from "../pools/pool-table.ts";
import type { LeaseFact } from "./lease-fact.ts";
import type { LeaseTable } from "./lease-table.ts";

/**
 * The leases whose own pool does not hand out their address, or is not there at all: its ranges were changed, it is gone,
 * or the lease was written by hand. Any other pool may hand that address out, so they count for each.
 */
export class StrayLeases {
  readonly #pools: Pick<PoolTable, "handsOut">;
  readonly #leases: Pick<LeaseTable, "ofPool">;
  readonly #strays = new Set<LeaseFact>();

  constructor(pools: Pick<PoolTable, "handsOut">, leases: Pick<LeaseTable, "ofPool">) {
    this.#pools = pools;
    this.#leases = leases;
  }

  /** A lease is another one by now; `after` is undefined where it is gone. */
  leaseChanged(before: LeaseFact | undefined, after: LeaseFact | undefined): void {
    if (before !== undefined) this.#strays.delete(before);
    if (after !== undefined) this.#look(after);
  }

  /** The pool is another one by now, or gone. */
  poolChanged(name: string): void {
    for (const lease of this.#leases.ofPool(name)) this.#look(lease);
  }

  /** All of them. */
  all(): Iterable<LeaseFact> {
    return this.#strays;
  }

  #look(lease: LeaseFact): void {
    if (this.#pools.handsOut(lease.pool, lease)) this.#strays.delete(lease);
    else this.#strays.add(lease);
  }
}
