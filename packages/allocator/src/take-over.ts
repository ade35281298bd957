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
import { replaceLease } from "./certain-write.ts";
import { type Claimant, draftLease, holderOf, isLeftByEarlierCall } from "./claimant.ts";
import type { RangeSet } from "./range-set.ts";

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
 * One replace, of a lease that may be taken over; undefined when it may not, or is not what it was.
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
  // Immutable in a lease: these stay as they were, also where the pool has been edited since.
  const { prefixLength, pool } = lease.spec;
  const spec = { ...draft.spec, prefixLength, pool };
  const written = await replaceLease({ ...draft, metadata: lease.metadata, spec }, writeContext(call, deps));
  // At once: what an ADD under way for the earlier holder gives back is not this one's.
  if (written !== undefined) deps.own.drop(lease);
  return written;
}

/** Whether the claimant may have the lease as it is: this node's, and left by an earlier call or by a gone sandbox. */
export function mayTakeOver(lease: IPLease, claimant: Claimant, own: OwnLeases): boolean {
  const { metadata, spec } = lease;
  // One that is being deleted waits for somebody's finalizer: it would go from under its new holder.
  if (metadata.deletionTimestamp !== undefined) return false;
  if (spec.node !== claimant.node || spec.reserved !== undefined) return false;
  return isLeftByEarlierCall(lease, claimant) || own.isSandboxGone(lease);
}
