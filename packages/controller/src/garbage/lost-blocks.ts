import type { BlockStore, LeaseStore } from "@cluster-ipam/allocator";
import { parseLeaseName, type SpacedAddress } from "@cluster-ipam/api";
import { type BlockFact, isInBlock } from "../blocks/block-fact.ts";
import type { LeaseTable } from "../leases/lease-table.ts";
import { type LostNode, type NodeLook, readLost } from "./lost-node.ts";
import type { ToldOnce } from "./told-once.ts";

/** Where a round over blocks tells what it has found and done. */
export interface BlockJournal {
  /** The block is given back, or would be in a dry run. */
  blockReturned(block: BlockFact, node: LostNode): void;
  failed(what: string, error: unknown): void;
}

/** What a round over the blocks of lost nodes works with. */
export interface LostBlocksOptions extends NodeLook {
  readonly blocks: readonly BlockFact[];
  readonly leases: LeaseTable;
  readonly names: Pick<LeaseStore, "listNames">;
  readonly store: Pick<BlockStore, "delete">;
  readonly journal: BlockJournal;
  /** Waits before the next one. */
  readonly pause: (signal: AbortSignal) => Promise<void>;
  readonly isDryRun: boolean;
  readonly told: ToldOnce;
}

/**
 * One round over the blocks of nodes that cannot answer for themselves: those are given back in which a live list shows
 * no lease of their pool, of whatever state. A list is asked for only where the watch shows none either.
 */
export async function returnLostBlocks(
  lost: readonly LostNode[],
  options: LostBlocksOptions,
  signal: AbortSignal,
): Promise<void> {
  const { blocks, leases, told, isDryRun } = options;
  const names = new Set(lost.map(({ name }) => name));
  const ofLost = blocks.filter(({ node, isEnding }) => names.has(node) && !isEnding);
  told.retain(new Set(ofLost.map(({ uid }) => uid)));
  const empty = ofLost.filter((block) => !hasLease(block, leases) && !(isDryRun && told.has(block.uid)));
  for (const [pool, ofPool] of Map.groupBy(empty, (block) => block.pool)) {
    if (signal.aborted) return;
    await returnOfPool(pool, ofPool, options, signal);
  }
}

function hasLease(block: BlockFact, leases: LeaseTable): boolean {
  return [...leases.ofPool(block.pool)].some((lease) => isInBlock(block, lease));
}

async function returnOfPool(
  pool: string,
  blocks: readonly BlockFact[],
  options: LostBlocksOptions,
  signal: AbortSignal,
): Promise<void> {
  const { names, journal, pause } = options;
  try {
    const listed = (await names.listNames(pool, signal)).flatMap((name) => parseLeaseName(name) ?? []);
    for (const block of blocks) {
      if (signal.aborted) return;
      await returnOne(block, listed, options, signal);
      await pause(signal);
    }
  } catch (error) {
    journal.failed(`return of blocks of pool ${pool}`, error);
  }
}

async function returnOne(
  block: BlockFact,
  listed: readonly SpacedAddress[],
  options: LostBlocksOptions,
  signal: AbortSignal,
): Promise<void> {
  if (listed.some((lease) => isInBlock(block, lease))) return;
  const { store, journal, isDryRun, told } = options;
  const node = await readLost(block.node, options, signal);
  if (node === undefined) return;
  if (isDryRun) told.add(block.uid);
  else {
    const outcome = await store.delete(block);
    if (outcome.kind === "unknown") throw outcome.cause;
    if (outcome.kind !== "deleted") return;
  }
  journal.blockReturned(block, node);
}
