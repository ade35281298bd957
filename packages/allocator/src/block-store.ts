import type { IPBlock } from "@cluster-ipam/api";
import type { DeleteOutcome, LeaseVersion, UnknownOutcome } from "./lease-store.ts";

/** What became of a create; `taken` means that an object of that name exists, whoever made it. */
export type BlockCreateOutcome =
  | { readonly kind: "created"; readonly block: IPBlock }
  | { readonly kind: "taken" }
  | UnknownOutcome;

/**
 * Where the blocks of pools live. One object per prefix, named by it: creating the object is the claim. What is said of
 * writes and reads of a LeaseStore holds here too.
 */
export interface BlockStore {
  /** Creates `block`, whose name must not exist yet. After `unknown` it may exist, now or some seconds later. */
  create(block: IPBlock): Promise<BlockCreateOutcome>;
  /** Deletes exactly this version of the block. After `unknown` it may be gone, now or some seconds later. */
  delete(version: LeaseVersion): Promise<DeleteOutcome>;
  /** The block as the server has it now. */
  get(name: string, signal: AbortSignal): Promise<IPBlock | undefined>;
  /** All blocks of a node, of every pool. */
  listByNode(node: string, signal: AbortSignal): Promise<IPBlock[]>;
  /** All blocks of a pool, of every node. */
  listByPool(pool: string, signal: AbortSignal): Promise<IPBlock[]>;
}
