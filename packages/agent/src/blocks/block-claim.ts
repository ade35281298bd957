import { PoolBlocks, type RangeSet, SpreadWalk } from "@cluster-ipam/allocator";
import { API_VERSION, blockName, type IPBlock, parseBlockName } from "@cluster-ipam/api";
import { type Cidr, formatCidr, rangeOfCidr, rangesOverlap } from "@cluster-ipam/ip";
import type { OwnedBlock } from "./block-book.ts";
import type { BlocksState } from "./blocks-deps.ts";
import { createBlock, deleteLeaving } from "./certain-block-write.ts";

/**
 * Claims one block of the set, in the pool's turn: a list of the pool's blocks, and one create where nobody races. Nodes
 * go through the free ones in orders of their own, so that two of them hardly ever want the same one.
 *
 * @returns false where the list and the creates after it have shown that each block is claimed
 * @throws IpamError as the store does, or the reason of `signal`
 */
export async function claimBlock(set: RangeSet, state: BlocksState, signal: AbortSignal): Promise<boolean> {
  const before = state.book.view(set);
  const { pool } = set;
  // What is to be deleted must not be found by the list and taken for ours.
  await deleteLeaving(pool, state, signal);
  for (const draft of state.unsure.claimed(pool)) take(await createBlock(draft, state, signal), state);
  const listed = await state.store.listByPool(pool, signal);
  compare(pool, listed, state);
  return state.book.view(set) !== before || (await claimFree(set, listed, state, signal));
}

async function claimFree(
  set: RangeSet,
  listed: readonly IPBlock[],
  state: BlocksState,
  signal: AbortSignal,
): Promise<boolean> {
  for (const prefix of freeBlocks(set, listed, state.node)) {
    signal.throwIfAborted();
    const block = await createBlock(draftBlock(prefix, set, state.node), state, signal);
    if (block === undefined) continue;
    take(block, state);
    return true;
  }
  return false;
}

/** The blocks that no listed one overlaps, in the order in which this node wants them. */
function* freeBlocks(set: RangeSet, listed: readonly IPBlock[], node: string): Generator<Cidr, void, void> {
  const blocks = PoolBlocks.of(set);
  if (blocks === undefined || blocks.size === 0n) return;
  const names = new Set(listed.map(({ metadata }) => metadata.name));
  // Of a pool of that name that had another length.
  const others = listed
    .flatMap(({ metadata }) => parseBlockName(metadata.name)?.prefix ?? [])
    .filter(({ prefixLength }) => prefixLength !== set.blockLength)
    .map(rangeOfCidr);
  const walk = new SpreadWalk(`${node}/${set.pool}`, blocks.size);
  for (let number = walk.next(); number !== undefined; number = walk.next()) {
    const prefix = blocks.at(number);
    const isTaken = names.has(blockName(prefix, set.addressSpace));
    if (!isTaken && !others.some((other) => rangesOverlap(other, rangeOfCidr(prefix)))) yield prefix;
  }
}

function draftBlock(prefix: Cidr, { pool, addressSpace }: RangeSet, node: string): IPBlock {
  return {
    apiVersion: API_VERSION,
    kind: "IPBlock",
    metadata: { name: blockName(prefix, addressSpace) },
    spec: { prefix: formatCidr(prefix), pool, addressSpace, node },
  };
}

function take(block: IPBlock | undefined, { book, clock, meter, log }: BlocksState): void {
  if (block === undefined) return;
  book.add(block, clock.nowMs());
  meter.blockChanged("claimed");
  log.info({ prefix: block.spec.prefix, pool: block.spec.pool }, "block claimed");
}

/** Takes over what a list of the pool's blocks, made in its turn, shows of this node's: all of them, and no other. */
function compare(pool: string, listed: readonly IPBlock[], state: BlocksState): void {
  const { book, clock } = state;
  loseAllBut(listed, book.ofPool(pool), state);
  for (const block of listed) if (isOwn(block, state)) book.add(block, clock.nowMs());
}

/** Takes over what a read, made in its pool's turn, shows of one block. */
export async function compareOne({ metadata }: IPBlock, state: BlocksState, signal: AbortSignal): Promise<void> {
  const { book, store, clock } = state;
  const { name } = metadata;
  const found = await store.get(name, signal);
  const own = found !== undefined && isOwn(found, state) ? [found] : [];
  const known = book.all().filter(({ block }) => block.metadata.name === name);
  loseAllBut(own, known, state);
  for (const block of own) book.add(block, clock.nowMs());
}

function isOwn(block: IPBlock, { node, unsure }: BlocksState): boolean {
  return block.spec.node === node && !unsure.isLeaving(block);
}

function loseAllBut(found: readonly IPBlock[], known: readonly OwnedBlock[], state: BlocksState): void {
  const uids = new Set(found.map(({ metadata }) => metadata.uid));
  for (const owned of known) if (!uids.has(owned.block.metadata.uid)) lose(owned, state);
}

/** The block is not this node's any more: nobody but a hand deletes a block under its node. */
export function lose(owned: OwnedBlock, state: BlocksState): void {
  if (!state.book.has(owned)) return;
  state.book.remove(owned);
  const { prefix, pool } = owned.block.spec;
  state.meter.blockChanged("lost");
  state.log.warn({ prefix, pool }, "block is not this node's any more, nothing more is handed out of it");
}
