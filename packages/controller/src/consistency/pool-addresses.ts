import { type Address, AddressSet, type Family } from "@cluster-ipam/ip";
import type { PoolFact, PoolTable } from "../pools/pool-table.ts";

/** Which pools hand out an address, as they were when this was made. Quick to say that none does, of however many. */
export class PoolAddresses {
  readonly #pools: readonly PoolFact[];
  readonly #all: Readonly<Record<Family, AddressSet>>;

  constructor(table: Pick<PoolTable, "names" | "get">) {
    this.#pools = [...table.names()].flatMap((name) => table.get(name) ?? []);
    const ranges = this.#pools.flatMap(({ sets }) => sets.flatMap(({ addresses }) => addresses.ranges));
    this.#all = { 4: AddressSet.of(4, ranges), 6: AddressSet.of(6, ranges) };
  }

  /** Whether any pool hands it out. */
  has(address: Address): boolean {
    return this.#all[address.family].has(address);
  }

  /** The pools that hand it out, on whatever node. */
  of(address: Address): readonly PoolFact[] {
    if (!this.has(address)) return [];
    return this.#pools.filter(({ sets }) => sets.some(({ addresses }) => addresses.has(address)));
  }
}
