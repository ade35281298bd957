import type { IPBlock } from "@cluster-ipam/api";

/** Blocks of which nobody knows yet whether a write for them was done, by pool: the next turn of the pool finds out. */
export class UnsureBlocks {
  readonly #claimed = new Map<string, IPBlock>();
  readonly #leaving = new Map<string, IPBlock>();

  /** Blocks of the pool that may have been claimed. */
  claimed(pool: string): IPBlock[] {
    return ofPool(this.#claimed, pool);
  }

  /** Blocks of the pool that are to be deleted, and may be at any moment. */
  leaving(pool: string): IPBlock[] {
    return ofPool(this.#leaving, pool);
  }

  /** Pools with blocks that are to be deleted. */
  get leavingPools(): ReadonlySet<string> {
    return new Set([...this.#leaving.values()].map(({ spec }) => spec.pool));
  }

  /** Whether exactly this block is to be deleted. */
  isLeaving({ metadata }: IPBlock): boolean {
    return this.#leaving.get(metadata.name)?.metadata.uid === metadata.uid;
  }

  /** `draft` may exist, now or some seconds later. */
  addClaimed(draft: IPBlock): void {
    this.#claimed.set(draft.metadata.name, draft);
  }

  /** It is known whether `draft` exists. */
  removeClaimed({ metadata }: IPBlock): void {
    this.#claimed.delete(metadata.name);
  }

  /** `block` is to go. */
  addLeaving(block: IPBlock): void {
    this.#leaving.set(block.metadata.name, block);
  }

  /** `block` is gone, or another node's. */
  removeLeaving({ metadata }: IPBlock): void {
    this.#leaving.delete(metadata.name);
  }
}

function ofPool(blocks: ReadonlyMap<string, IPBlock>, pool: string): IPBlock[] {
  return [...blocks.values()].filter(({ spec }) => spec.pool === pool);
}
