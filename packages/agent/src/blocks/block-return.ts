import { type IPLease, parseLeaseName, type SpacedAddress } from "@cluster-ipam/api";
import { contains, type OwnedBlock } from "./block-book.ts";
import type { BlocksState } from "./blocks-deps.ts";
import { deleteLeaving } from "./certain-block-write.ts";

/**
 * How long no address of a block has been in use before it is given back. Longer than the time within which a write that
 * was given up may still happen (LATE_WRITE_MS).
 */
export const BLOCK_IDLE_MS = 300_000;

/** Blocks that no address of which has been in use for long, by what memory knows. Those in use are noted as such. */
export function idleBlocks(state: BlocksState): OwnedBlock[] {
  const used = usedAddresses(state);
  const nowMs = state.clock.nowMs();
  return state.book.all().filter((owned) => {
    if (used.some((address) => contains(owned, address))) owned.usedAtMs = nowMs;
    return nowMs - owned.usedAtMs >= BLOCK_IDLE_MS;
  });
}

/**
 * Gives a block back in its pool's turn, where a live list shows no lease in it. An ADD that chooses an address of it
 * meanwhile keeps it; one that comes later claims anew.
 *
 * @throws IpamError as the stores do, or the reason of `signal`; a delete that is not known to be done is left to the
 * pool's next turn
 */
export async function returnBlock(owned: OwnedBlock, state: BlocksState, signal: AbortSignal): Promise<void> {
  const { pool } = owned.block.spec;
  const begunAtMs = state.clock.nowMs();
  const names = await state.leases.listNames(pool, signal);
  const listed = names.flatMap((name) => parseLeaseName(name) ?? []);
  if ([...listed, ...usedAddresses(state)].some((address) => contains(owned, address))) {
    owned.usedAtMs = state.clock.nowMs();
    return;
  }
  // Tried and released while the list was under way, or lost.
  if (owned.usedAtMs >= begunAtMs || !state.book.has(owned)) return;
  state.book.remove(owned);
  state.unsure.addLeaving(owned.block);
  await deleteLeaving(pool, state, signal);
}

/** Addresses that this node holds, that a call of it is at, and that it has still to release. */
function usedAddresses({ attachments, busy, pending }: BlocksState): SpacedAddress[] {
  const due = pending.due().flatMap((each) => (each.kind === "lease" ? [each.lease] : []));
  const nameOf = ({ metadata }: IPLease): string => metadata.name;
  const names = new Set([...attachments.all().map(nameOf), ...due.map(nameOf), ...busy.held()]);
  return [...names].flatMap((name) => parseLeaseName(name) ?? []);
}
