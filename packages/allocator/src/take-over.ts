import type { IPLease } from "@cluster-ipam/api";
import { parseAddress } from "@cluster-ipam/ip";
import {
  type AllocationCall,
  type AllocatorDeps,
  type Claim,
  hasTaken,
  type Progress,
  writeContext,
} from "./allocation.ts";
import { createLease, replaceLease, type WriteContext } from "./certain-write.ts";
import { draftLease, holderOf, isKeptFor, isLeftByEarlierCall } from "./claimant.ts";
import { originOf, type Taken } from "./lease-end.ts";
import type { OwnLeases } from "./own-leases.ts";
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
 * another prefix length by now, which is immutable in a lease, it is deleted and made again, unless it is reserved.
 *
 * @throws the reason of the call's signal: what succeeds a call that was cancelled may be what it would take over
 */
export async function takeOver(
  lease: IPLease,
  set: RangeSet,
  call: AllocationCall,
  deps: AllocatorDeps,
): Promise<Taken | undefined> {
  const address = parseAddress(lease.spec.address);
  if (address === undefined || !(await mayTakeOver(lease, call, deps))) return undefined;
  call.signal.throwIfAborted();
  const draft = succeeding(lease, draftLease(call.claimant, set, address));
  const context = writeContext(call, deps, originOf(lease));
  const isSamePrefix = draft.spec.prefixLength === lease.spec.prefixLength;
  // Between a delete and a create the address would be anybody's, and a reservation is ended by a hand alone.
  if (!isSamePrefix && lease.spec.reserved !== undefined) return undefined;
  const written = isSamePrefix
    ? await rewrite(lease, draft, context, deps)
    : await makeAgain(lease, draft, context, deps);
  return written === undefined ? undefined : { lease: written, origin: originOf(lease) };
}

/** What is kept by hand stays so, whoever has it. */
function succeeding({ spec: { reserved } }: IPLease, draft: IPLease): IPLease {
  return reserved === undefined ? draft : { ...draft, spec: { ...draft.spec, reserved } };
}

async function rewrite(
  lease: IPLease,
  draft: IPLease,
  context: WriteContext,
  { own }: AllocatorDeps,
): Promise<IPLease | undefined> {
  // Immutable in a lease: the pool stays as it was, also where another one hands the address out by now.
  const spec = { ...draft.spec, pool: lease.spec.pool };
  const written = await replaceLease({ ...draft, metadata: lease.metadata, spec }, context);
  // At once: what an ADD under way for the earlier holder gives back is not this one's.
  if (written !== undefined) own.drop(lease);
  return written;
}

/** A new sandbox is not to live in the subnet of before an edit. Whoever is quicker may get the address in between. */
async function makeAgain(
  lease: IPLease,
  draft: IPLease,
  context: WriteContext,
  deps: AllocatorDeps,
): Promise<IPLease | undefined> {
  const held = await holdFirst(lease, draft, context, deps);
  if (held === undefined) return undefined;
  let isFree = false;
  try {
    isFree = await isDeleted(held, deps.store);
  } finally {
    // What was kept is kept again, whatever the failure was.
    if (!isFree && held !== lease) await deps.leftovers.giveBack(held, originOf(lease));
  }
  if (!isFree) return undefined;
  deps.own.drop(lease);
  return createLease(draft, context);
}

async function isDeleted(lease: IPLease, store: AllocatorDeps["store"]): Promise<boolean> {
  const { kind } = await deleteLease(store, lease);
  return kind === "deleted" || kind === "gone";
}

/** A node deletes leases of its own alone, which the cluster holds it to: one that is kept for the claimant is made so. */
async function holdFirst(
  lease: IPLease,
  draft: IPLease,
  context: WriteContext,
  deps: AllocatorDeps,
): Promise<IPLease | undefined> {
  if (lease.spec.containerID !== "") return lease;
  const { prefixLength } = lease.spec;
  return rewrite(lease, { ...draft, spec: { ...draft.spec, prefixLength } }, context, deps);
}

/**
 * Whether the call may have the lease as it is: one that is reserved or kept for its claimant, or one of this node that
 * was left by an earlier call or by a gone sandbox. What the pool would keep for another pod has to be released first.
 *
 * @throws IpamError `apiserver-unreachable` when the call ends before the pool is read
 */
export async function mayTakeOver(
  lease: IPLease,
  { claimant, signal }: AllocationCall,
  { own, keeping }: Pick<AllocatorDeps, "own" | "keeping">,
): Promise<boolean> {
  const { metadata, spec } = lease;
  // One that is being deleted waits for somebody's finalizer: it would go from under its new holder.
  if (metadata.deletionTimestamp !== undefined) return false;
  const isForClaimant = isKeptFor(lease, claimant);
  if (spec.containerID === "") return isForClaimant;
  if (spec.node !== claimant.node || (spec.reserved !== undefined && !isForClaimant)) return false;
  if (isLeftByEarlierCall(lease, claimant)) return true;
  if (!own.isSandboxGone(lease)) return false;
  return isForClaimant || (await keeping.keepSeconds(lease, signal)) === undefined;
}
