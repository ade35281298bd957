import type { UnknownOutcome } from "@cluster-ipam/allocator";
import type { IPBlock } from "@cluster-ipam/api";
import type { BlocksState } from "./blocks-deps.ts";

/** Waits between two attempts at the same write: 50 ms, doubled each time, at most 1 s, until the signal. */
const RETRY = { firstMs: 50, maxMs: 1_000 } as const;

/**
 * Creates `draft` and does not rest before it is known whether that happened: after an unknown outcome the same name is
 * tried again, since the node would own a block that it knows nothing of if it tried another. A draft that is given up
 * by `signal` is left to the next turn of its pool.
 *
 * @returns the block, or undefined where the name is taken
 */
export async function createBlock(
  draft: IPBlock,
  state: BlocksState,
  signal: AbortSignal,
): Promise<IPBlock | undefined> {
  // Known from an earlier turn to be unsure.
  let mayBeDone = state.unsure.claimed(draft.spec.pool).some(({ metadata }) => metadata.name === draft.metadata.name);
  for (let waitMs: number = RETRY.firstMs; ; waitMs = Math.min(waitMs * 2, RETRY.maxMs)) {
    const outcome = await state.store.create(draft);
    if (outcome.kind !== "unknown") {
      const found = outcome.kind === "created" ? outcome.block : undefined;
      const block = found ?? (mayBeDone ? await ownBlock(draft, state, signal) : undefined);
      state.unsure.removeClaimed(draft);
      return block;
    }
    mayBeDone ||= outcome.isNotBegun !== true;
    if (mayBeDone) state.unsure.addClaimed(draft);
    await pause(waitMs, outcome, state, signal);
  }
}

/** Deletes every block of the pool that is to go, and does not rest before it is known to be gone, or another node's. */
export async function deleteLeaving(pool: string, state: BlocksState, signal: AbortSignal): Promise<void> {
  for (const block of state.unsure.leaving(pool)) {
    await deleteBlock(block, state, signal);
    state.unsure.removeLeaving(block);
    const { prefix } = block.spec;
    state.meter.blockChanged("returned");
    state.log.info({ prefix, pool }, "block given back");
  }
}

async function deleteBlock(block: IPBlock, state: BlocksState, signal: AbortSignal): Promise<void> {
  let current: IPBlock | undefined = block;
  for (let waitMs: number = RETRY.firstMs; current !== undefined; waitMs = Math.min(waitMs * 2, RETRY.maxMs)) {
    const { name, uid = "", resourceVersion = "" }: IPBlock["metadata"] = current.metadata;
    const outcome = await state.store.delete({ name, uid, resourceVersion });
    if (outcome.kind === "deleted" || outcome.kind === "gone") return;
    if (outcome.kind === "unknown") await pause(waitMs, outcome, state, signal);
    // Somebody has written to it, to annotate it for instance; or it is another one by now.
    else current = await sameBlock(block, state, signal);
  }
}

async function ownBlock(draft: IPBlock, state: BlocksState, signal: AbortSignal): Promise<IPBlock | undefined> {
  const found = await state.store.get(draft.metadata.name, signal);
  return found?.spec.node === state.node && found.spec.pool === draft.spec.pool ? found : undefined;
}

async function sameBlock(block: IPBlock, { store }: BlocksState, signal: AbortSignal): Promise<IPBlock | undefined> {
  const found = await store.get(block.metadata.name, signal);
  return found?.metadata.uid === block.metadata.uid ? found : undefined;
}

async function pause(
  waitMs: number,
  { retryAfterMs }: UnknownOutcome,
  { clock, meter }: BlocksState,
  signal: AbortSignal,
): Promise<void> {
  if (!signal.aborted) await clock.sleep(Math.max(waitMs, retryAfterMs ?? 0), signal);
  signal.throwIfAborted();
  meter.requestRetried();
}
