import { IpamError } from "@cluster-ipam/errors";
import type { NodeBlocks, OwnBlocks } from "../node-blocks.ts";
import type { Occupancy } from "../occupancy.ts";
import { PoolBlocks } from "../pool-blocks.ts";
import { describeRanges, type RangeSet } from "../range-set.ts";
import type { Candidates } from "./candidates.ts";
import { listedOwn, type OwnContext, type OwnOrder, unheld } from "./own-free.ts";

/**
 * Free addresses of the node's blocks, by what this node remembers. Only where memory knows of none is another block
 * claimed, and only where there is no block left does a list decide whether the node's own are full.
 */
export async function* blockFree(order: OwnOrder, context: OwnContext, blocks: NodeBlocks): Candidates {
  const { set, signal } = context;
  for (;;) {
    const own = await blocks.owned(set, signal);
    for (const address of unheld(order, { ...context, set: own.set })) {
      blocks.use(set, address);
      yield address;
      await blocks.examine(set, address, signal);
      // Not this node's any more: nothing more is handed out of it.
      if ((await blocks.owned(set, signal)) !== own) break;
    }
    if (await blocks.claimBeyond(own, set, context)) continue;
    if (own.set.open.size === 0n) throw noBlockLeft(set);
    return yield* listedOwn(order, { ...context, set: own.set }, (_, occupancy) => blocksFull(set, own, occupancy));
  }
}

function noBlockLeft(set: RangeSet): IpamError {
  const { pool, open } = set;
  const why = claimedText(set);
  return new IpamError(
    "pool-exhausted",
    `pool ${pool} has no block for this node: 0 used of a capacity of ${open.size}, ${why} (${describeRanges(set)})`,
  );
}

function blocksFull(set: RangeSet, { count, set: own }: OwnBlocks, occupancy: Occupancy): IpamError {
  const blocks = count === 1 ? "the 1 block" : `the ${count} blocks`;
  const used = `${occupancy.used} used of a capacity of ${own.open.size} in ${blocks} of this node`;
  const text = `pool ${set.pool} is full: ${used}, ${claimedText(set)} (${describeRanges(set)})`;
  return new IpamError("pool-exhausted", text);
}

function claimedText(set: RangeSet): string {
  const total = PoolBlocks.of(set)?.size ?? 0n;
  return total === 1n ? "and its 1 block is claimed" : `and all ${total} blocks of the pool are claimed`;
}
