import { type Address, type Cidr, cidrContains, parseCidr } from "@cluster-ipam/ip";
import type { NodeBlocks, OwnBlocks } from "../node-blocks.ts";
import { PoolBlocks } from "../pool-blocks.ts";
import type { RangeSet } from "../range-set.ts";

/** Blocks of a node that a test hands out, with notes of what it was asked. */
export class GivenBlocks implements NodeBlocks {
  /** What becomes of the node's blocks, in order, such as `claimed 10.0.0.0/28`. */
  readonly notes: string[] = [];
  readonly #free: Cidr[];
  #own: readonly Cidr[];
  #view: { readonly of: RangeSet; readonly own: OwnBlocks } | undefined;
  /** Blocks that turn out to be another node's when they are looked at. */
  lost: readonly string[] = [];

  /**
   * @param own prefixes that the node has
   * @param free prefixes that it may still claim, in this order
   */
  constructor(own: readonly string[] = [], free: readonly string[] = []) {
    this.#own = own.map(prefixOf);
    this.#free = free.map(prefixOf);
  }

  owned(set: RangeSet): Promise<OwnBlocks> {
    return Promise.resolve(this.#current(set));
  }

  claimBeyond(known: OwnBlocks, set: RangeSet): Promise<boolean> {
    if (this.#current(set) !== known) return Promise.resolve(true);
    const claimed = this.#free.shift();
    if (claimed === undefined) return Promise.resolve(false);
    this.#own = [...this.#own, claimed];
    this.#view = undefined;
    this.notes.push("claimed");
    return Promise.resolve(true);
  }

  use(): void {
    this.notes.push("used");
  }

  examine(_: RangeSet, address: Address): Promise<void> {
    this.notes.push("examined");
    const kept = this.#own.filter(
      (prefix) => !this.lost.map(prefixOf).some((lost) => lost.value === prefix.value && cidrContains(prefix, address)),
    );
    if (kept.length === this.#own.length) return Promise.resolve();
    this.#own = kept;
    this.#view = undefined;
    return Promise.resolve();
  }

  #current(set: RangeSet): OwnBlocks {
    if (this.#view?.of === set) return this.#view.own;
    const blocks = PoolBlocks.of(set);
    if (blocks === undefined) throw new RangeError(`pool ${set.pool} has no blocks`);
    const own = { set: blocks.within(this.#own), count: this.#own.length };
    this.#view = { of: set, own };
    return own;
  }
}

function prefixOf(text: string): Cidr {
  const prefix = parseCidr(text);
  if (prefix === undefined) throw new RangeError(`${text} is not a prefix`);
  return prefix;
}
