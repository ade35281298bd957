import type { IPLease } from "@cluster-ipam/api";
import { parseAddress } from "@cluster-ipam/ip";
import {
  type AllocationCall,
  type AllocatorDeps,
  type Claim,
  hasTaken,
  type OwnLeases,
  type Progress,
  writeContext,
} from "./allocation.ts";
import { createLease, replaceLease } from "./certain-write.ts";
import { type Claimant, draftLease, holderOf, isLeftByEarlierCall } from "./claimant.ts";
import type { RangeSet } from "./range-set.ts";
import { deleteLease } from "./release.ts";

/** What an earlier ADD for the pod has left: a new sandbox gets the address back. */
export function earlierLease({ set, fixed }: Claim, call: Progress, own: OwnLeases): IPLease | undefined {
  const holder = holderOf(call.claimant);
  if (holder === "") return undefined;
  return own.byHolder(holder).find((lease) => {
    const address = parseAddress(lease.spec.address);
    if (address === undefined || lease.spec.addressSpace !== set.addressSpace) return false;
    const isWanted = fixed === undefined ? set.open.has(address) : fixed.value === address.value;
    return (
      isWanted &&
      set.addresses.has(address) &&
      !hasTaken(call, lease.metadata.name) &&
      isLeftByEarlierCall(lease, call.claimant)
    );
  });
}

/**
 * One replace, of a lease that may be taken over; undefined when it may not, or is not what it was. Where the subnet has
 * another prefix length by now, which is immutable in a lease, it is deleted and made again.
 *
 * @throws the reason of the call's signal: what succeeds a call that was cancelled may be what it would take over
 */
export async function takeOver(
  lease: IPLease,
  set: RangeSet,
  call: AllocationCall,
  deps: AllocatorDeps,
): Promise<IPLease | undefined> {
  const address = parseAddress(lease.spec.address);
  if (address === undefined || !mayTakeOver(lease, call.claimant, deps.own)) return undefined;
  call.signal.throwIfAborted();
  const draft = draftLease(call.claimant, set, address);
  if (draft.spec.prefixLength !== lease.spec.prefixLength) return makeAgain(lease, draft, call, deps);
  // Immutable in a lease: the pool stays as it was, also where another one hands the address out by now.
  const spec = { ...draft.spec, pool: lease.spec.pool };
  const written = await replaceLease({ ...draft, metadata: lease.metadata, spec }, writeContext(call, deps));
  // At once: what an ADD under way for the earlier holder gives back is not this one's.
  if (written !== undefined) deps.own.drop(lease);
  return written;
}

/** A new sandbox is not to live in the subnet of before an edit. Whoever is quicker may get the address in between. */
async function makeAgain(
  lease: IPLease,
  draft: IPLease,
  call: AllocationCall,
  deps: AllocatorDeps,
): Promise<IPLease | undefined> {
  const outcome = await deleteLease(deps.store, lease);
  if (outcome.kind !== "deleted" && outcome.kind !== "gone") return undefined;
  deps.own.drop(lease);
  return createLease(draft, writeContext(call, deps));
}

/** Whether the claimant may have the lease as it is: this node's, and left by an earlier call or by a gone sandbox. */
export function mayTakeOver(lease: IPLease, claimant: Claimant, own: OwnLeases): boolean {
  const { metadata, spec } = lease;
  // One that is being deleted waits for somebody's finalizer: it would go from under its new holder.
  if (metadata.deletionTimestamp !== undefined) return false;
  if (spec.node !== claimant.node || spec.reserved !== undefined) return false;
  return isLeftByEarlierCall(lease, claimant) || own.isSandboxGone(lease);
}
