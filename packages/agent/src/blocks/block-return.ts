import { type IPLease, parseLeaseName, type SpacedAddress } from "@cluster-ipam/api";
import { contains, markUsed, type OwnedBlock } from "./block-book.ts";
import type { BlocksState } from "./blocks-deps.ts";
import { deleteLeaving } from "./certain-block-write.ts";

/** How long a block with leases in it that are not this node's is left alone at most before it is looked at again. */
const PATIENCE_MAX_MS = 3_600_000;

/** Blocks that no address of which has been in use for long, by what memory knows. Those in use are noted as such. */
export function idleBlocks(state: BlocksState): OwnedBlock[] {
  const used = usedAddresses(state);
  const nowMs = state.clock.nowMs();
  return state.book.all().filter((owned) => {
    if (used.some((address) => contains(owned, address))) markUsed(owned, nowMs);
    return nowMs - owned.usedAtMs >= owned.patienceMs;
  });
}

/**
 * Gives blocks of one pool back in its turn, those in which a live list shows no lease. An ADD that chooses an address
 * of one meanwhile keeps it; one that comes later claims anew.
 *
 * @throws IpamError as the stores do, or the reason of `signal`; a delete that is not known to be done is left to the
 * pool's next turn
 */
export async function returnBlocks(
  pool: string,
  idle: readonly OwnedBlock[],
  state: BlocksState,
  signal: AbortSignal,
): Promise<void> {
  const begunAtMs = state.clock.nowMs();
  const names = await state.leases.listNames(pool, signal);
  const listed = names.flatMap((name) => parseLeaseName(name) ?? []);
  const used = usedAddresses(state);
  for (const owned of idle) {
    // Tried and released while the list was under way, or lost.
    const isMissed = owned.usedAtMs >= begunAtMs || !state.book.has(owned);
    if (isMissed || used.some((address) => contains(owned, address))) continue;
    if (listed.some((address) => contains(owned, address))) postpone(owned, begunAtMs);
    else leave(owned, state);
  }
  await deleteLeaving(pool, state, signal);
}

function leave(owned: OwnedBlock, { book, unsure }: BlocksState): void {
  book.remove(owned);
  unsure.addLeaving(owned.block);
}

/** An address that is kept, or that another node's pod has asked for: nobody knows for how long. */
function postpone(owned: OwnedBlock, nowMs: number): void {
  owned.usedAtMs = nowMs;
  owned.patienceMs = Math.min(2 * owned.patienceMs, PATIENCE_MAX_MS);
}

/** Addresses that this node holds, that a call of it is at, and that it has still to release. */
function usedAddresses({ attachments, busy, pending }: BlocksState): SpacedAddress[] {
  const due = pending.due().flatMap((each) => (each.kind === "lease" ? [each.lease] : []));
  const nameOf = ({ metadata }: IPLease): string => metadata.name;
  const names = new Set([...attachments.all().map(nameOf), ...due.map(nameOf), ...busy.held()]);
  return [...names].flatMap((name) => parseLeaseName(name) ?? []);
}
