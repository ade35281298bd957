import type { Address } from "@cluster-ipam/ip";
import type { RangeSet } from "./range-set.ts";

/** What of a pool is this node's own now; another object as soon as that has changed. */
export interface OwnBlocks {
  /** The open addresses of the pool within the node's blocks. */
  readonly set: RangeSet;
  /** How many blocks these are. */
  readonly count: number;
}

/** The call that a block is claimed for. */
export interface BlockCall {
  /** By the allocator's clock. */
  readonly startedAtMs: number;
  readonly signal: AbortSignal;
}

/**
 * The blocks of pools with nodeBlocks: each is one node's, which hands out of it alone. What is thought of them only
 * steers, as all that memory holds: that an address has one holder is the lease's own name.
 *
 * @throws IpamError `apiserver-unreachable`, `apiserver-refused`, or the reason of a signal
 */
export interface NodeBlocks {
  /** What of `set` is this node's own. Asks the server once in the life of an agent. */
  owned(set: RangeSet, signal: AbortSignal): Promise<OwnBlocks>;
  /**
   * Claims a block more, unless the node has other ones than `known` by now.
   *
   * @returns false where none is to be had: a list that began after the call shows each of them claimed
   */
  claimBeyond(known: OwnBlocks, set: RangeSet, call: BlockCall): Promise<boolean>;
  /** An address of `set` is about to be tried: its block is in use. */
  use(set: RangeSet, address: Address): void;
  /** Somebody who is not of this node has `address`: its block may not be this node's any more, and is read again. */
  examine(set: RangeSet, address: Address, signal: AbortSignal): Promise<void>;
}
