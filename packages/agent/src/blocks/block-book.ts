import { type OwnBlocks, PoolBlocks, type RangeSet, type SharedRead } from "@cluster-ipam/allocator";
import { type IPBlock, parseBlockName, type SpacedAddress } from "@cluster-ipam/api";
import { type Address, type Cidr, cidrContains } from "@cluster-ipam/ip";
import { WakeUp } from "../wake-up.ts";

/**
 * How long no address of a block has been in use before it is given back. Longer than the time within which a write that
 * was given up may still happen (LATE_WRITE_MS).
 */
const BLOCK_IDLE_MS = 300_000;

/** A block that is this node's, as far as this process knows. */
export interface OwnedBlock {
  /** At the version that was seen last. */
  block: IPBlock;
  readonly prefix: Cidr;
  /** When an address of it was last seen in use. */
  usedAtMs: number;
  /** How long it is left alone after that; longer each time that somebody else's lease has been found in it. */
  patienceMs: number;
  /** Reads it again; undefined as long as nothing has spoken against it. */
  reading: SharedRead<IPBlock | undefined> | undefined;
}

interface View {
  readonly edition: number;
  readonly own: OwnBlocks;
}

/** The blocks of this node, of every pool, and what of a pool lies in them. */
export class BlockBook {
  readonly #byName = new Map<string, OwnedBlock>();
  readonly #views = new WeakMap<RangeSet, View>();
  /** Grows with each change of a pool's blocks. */
  readonly #editions = new Map<string, number>();
  readonly #wakeUp = new WakeUp();

  /** Every block. */
  all(): OwnedBlock[] {
    return [...this.#byName.values()];
  }

  /** Those of one pool. */
  ofPool(pool: string): OwnedBlock[] {
    return this.all().filter(({ block }) => block.spec.pool === pool);
  }

  /** Whether exactly this block is there. */
  has({ block }: OwnedBlock): boolean {
    return this.#byName.get(block.metadata.name)?.block.metadata.uid === block.metadata.uid;
  }

  /** The node has `block`; one of that name that is known already only gets its version. */
  add(block: IPBlock, nowMs: number): void {
    const { name, uid } = block.metadata;
    const parsed = parseBlockName(name);
    // The definition ties the name to the prefix: there is no other.
    if (parsed === undefined) return;
    const known = this.#byName.get(name);
    if (known !== undefined && known.block.metadata.uid === uid) {
      known.block = block;
      return;
    }
    const { prefix } = parsed;
    this.#byName.set(name, { block, prefix, usedAtMs: nowMs, patienceMs: BLOCK_IDLE_MS, reading: undefined });
    this.#changed(block);
    this.#wakeUp.call();
  }

  /** The node has the block of that name no more. */
  remove({ block }: OwnedBlock): void {
    if (this.#byName.delete(block.metadata.name)) this.#changed(block);
  }

  /** What of `set` lies in the node's blocks: the same object until these change. */
  view(set: RangeSet): OwnBlocks {
    const edition = this.#editions.get(set.pool) ?? 0;
    const known = this.#views.get(set);
    if (known?.edition === edition) return known.own;
    const own = this.#compile(set);
    this.#views.set(set, { edition, own });
    return own;
  }

  /** The block of `set` that holds `address`. */
  holding(set: Pick<RangeSet, "pool" | "addressSpace">, address: Address): OwnedBlock | undefined {
    const { addressSpace } = set;
    return this.ofPool(set.pool).find((owned) => contains(owned, { address, addressSpace }));
  }

  /** Resolves when there is a block, or `signal` aborts. */
  untilAny(signal: AbortSignal): Promise<void> {
    return this.#byName.size > 0 ? Promise.resolve() : this.#wakeUp.wait(signal);
  }

  #compile(set: RangeSet): OwnBlocks {
    const blocks = PoolBlocks.of(set);
    if (blocks === undefined) throw new RangeError(`pool ${set.pool} has no blocks`);
    // What an edit of the pool has left outside its ranges is no block of it any more.
    const prefixes = this.ofPool(set.pool)
      .filter(({ block, prefix }) => block.spec.addressSpace === set.addressSpace && blocks.has(prefix))
      .map(({ prefix }) => prefix);
    return { set: blocks.within(prefixes), count: prefixes.length };
  }

  #changed({ spec: { pool } }: IPBlock): void {
    this.#editions.set(pool, (this.#editions.get(pool) ?? 0) + 1);
  }
}

/** An address of the block is in use. */
export function markUsed(owned: OwnedBlock, nowMs: number): void {
  owned.usedAtMs = nowMs;
  owned.patienceMs = BLOCK_IDLE_MS;
}

/** Whether an address of some space lies in the block. */
export function contains({ block, prefix }: OwnedBlock, { address, addressSpace }: SpacedAddress): boolean {
  return addressSpace === block.spec.addressSpace && cidrContains(prefix, address);
}
