import { type IPLease, leaseName } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import { type Address, formatAddress, parseAddress } from "@cluster-ipam/ip";
import { createLease, replaceLease, type WriteContext } from "./certain-write.ts";
import { type Claimant, describeHolder, draftLease, holderOf, isHeldBy, isOfEarlierSandbox } from "./claimant.ts";
import type { Clock, Random } from "./clock.ts";
import type { LeaseStore } from "./lease-store.ts";
import type { OccupancyHints } from "./occupancy-hints.ts";
import type { RangeSet } from "./range-set.ts";
import { spread } from "./strategies/spread.ts";

/** One address to be taken: any of the set, or the fixed one. */
export interface Claim {
  readonly set: RangeSet;
  readonly fixed: Address | undefined;
}

/** What this node knows of the leases that it holds. It may be out of date: it only says what is worth a try. */
export interface OwnLeases {
  /** A lease of this node by its name. */
  byName(name: string): IPLease | undefined;
  /** Leases of this node whose `holder` is this one. */
  byHolder(holder: string): readonly IPLease[];
  /** Whether the sandbox of a lease of this node is known to be gone. */
  isSandboxGone(lease: IPLease): boolean;
}

/** Where the allocator leaves what it could not finish; both must end in no lease of the attachment being left. */
export interface Leftovers {
  /** `lease` was taken for a call that failed: to be released. Never rejects. */
  giveBack(lease: IPLease): Promise<void>;
  /** `lease` may exist, now or some time later: to be looked for, and released if the attachment has it. */
  recheck(lease: IPLease): void;
}

/** What the allocator works with; all of it injected. */
export interface AllocatorDeps {
  readonly store: LeaseStore;
  readonly hints: OccupancyHints;
  readonly own: OwnLeases;
  readonly leftovers: Leftovers;
  readonly clock: Clock;
  readonly random: Random;
}

/** One call: who, since when, until when. The reason of `signal` is the IpamError that the caller gets. */
export interface AllocationCall {
  readonly claimant: Claimant;
  readonly startedAtMs: number;
  readonly signal: AbortSignal;
}

/** A call on its way: what it has taken so far, it must not find again and take for the answer to another claim. */
interface Progress extends AllocationCall {
  readonly taken: ReadonlyMap<Claim, IPLease>;
}

/**
 * Takes one address for each claim: all, or none. What was taken before a claim failed is given back.
 *
 * @throws IpamError `pool-exhausted`, `address-taken`, `apiserver-unreachable`, `cancelled`, …
 */
export async function allocate(
  claims: readonly Claim[],
  call: AllocationCall,
  deps: AllocatorDeps,
): Promise<IPLease[]> {
  const taken = new Map<Claim, IPLease>();
  try {
    // Fixed ones first: no other claim of the call must take what they want.
    for (const claim of claims.toSorted((a, b) => rankOf(a) - rankOf(b))) {
      call.signal.throwIfAborted();
      taken.set(claim, await takeAddress(claim, { ...call, taken }, deps));
    }
    // A DEL or a deadline that came meanwhile must not find the call successful.
    call.signal.throwIfAborted();
    return claims.flatMap((claim) => taken.get(claim) ?? []);
  } catch (error) {
    await Promise.all([...taken.values()].map((lease) => deps.leftovers.giveBack(lease)));
    throw error;
  }
}

function rankOf({ fixed }: Claim): number {
  return fixed === undefined ? 1 : 0;
}

async function takeAddress(claim: Claim, call: Progress, deps: AllocatorDeps): Promise<IPLease> {
  const earlier = earlierLease(claim, call, deps.own);
  const own = earlier === undefined ? undefined : await takeOver(earlier, claim.set, call, deps);
  if (own !== undefined) return own;
  return claim.fixed === undefined ? takeAny(claim.set, call, deps) : takeFixed(claim.set, claim.fixed, call, deps);
}

/** What an earlier sandbox of the same pod has left: a new sandbox gets the address back. */
function earlierLease({ set, fixed }: Claim, call: Progress, own: OwnLeases): IPLease | undefined {
  const holder = holderOf(call.claimant);
  if (holder === "") return undefined;
  return own.byHolder(holder).find((lease) => {
    const address = parseAddress(lease.spec.address);
    if (address === undefined || !set.addresses.has(address) || lease.spec.addressSpace !== set.addressSpace) {
      return false;
    }
    const isWanted = fixed === undefined || fixed.value === address.value;
    return isWanted && !hasTaken(call, lease.metadata.name) && isOfEarlierSandbox(lease, call.claimant);
  });
}

function hasTaken({ taken }: Progress, name: string): boolean {
  return [...taken.values()].some(({ metadata }) => metadata.name === name);
}

async function takeAny(set: RangeSet, call: Progress, deps: AllocatorDeps): Promise<IPLease> {
  const { claimant, startedAtMs, signal } = call;
  const seed = holderOf(claimant) || `${claimant.containerID}/${claimant.ifName}`;
  for await (const address of spread({ set, seed, hints: deps.hints, random: deps.random, startedAtMs, signal })) {
    signal.throwIfAborted();
    const isOwn = hasTaken(call, leaseName(address, set.addressSpace));
    const lease = isOwn ? undefined : await takeCandidate(set, address, call, deps);
    deps.hints.learnTaken(set, address);
    if (lease !== undefined) return lease;
  }
  throw new RangeError("candidates ended without an error");
}

async function takeCandidate(
  set: RangeSet,
  address: Address,
  call: AllocationCall,
  deps: AllocatorDeps,
): Promise<IPLease | undefined> {
  const created = await createLease(draftLease(call.claimant, set, address), writeContext(call, deps));
  if (created !== undefined) return created;
  const own = deps.own.byName(leaseName(address, set.addressSpace));
  return own === undefined ? undefined : takeOver(own, set, call, deps);
}

async function takeFixed(set: RangeSet, address: Address, call: AllocationCall, deps: AllocatorDeps): Promise<IPLease> {
  const name = leaseName(address, set.addressSpace);
  for (;;) {
    call.signal.throwIfAborted();
    const created = await createLease(draftLease(call.claimant, set, address), writeContext(call, deps));
    if (created !== undefined) return created;
    const held = await deps.store.get(name, call.signal);
    // Gone since the create: free again.
    if (held === undefined) continue;
    // Left by an earlier call for this attachment, not looked for yet.
    if (isHeldBy(held, call.claimant) && held.metadata.deletionTimestamp === undefined) return held;
    const lease = await takeOver(held, set, call, deps);
    if (lease !== undefined) return lease;
    if (!mayTakeOver(held, call.claimant, deps.own)) throw addressTaken(address, held);
  }
}

/** One replace, of a lease that may be taken over; undefined when it may not, or is not what it was. */
async function takeOver(
  lease: IPLease,
  set: RangeSet,
  call: AllocationCall,
  deps: AllocatorDeps,
): Promise<IPLease | undefined> {
  const address = parseAddress(lease.spec.address);
  if (address === undefined || !mayTakeOver(lease, call.claimant, deps.own)) return undefined;
  const draft = draftLease(call.claimant, set, address);
  // Immutable in a lease: these stay as they were, also where the pool has been edited since.
  const { prefixLength, pool } = lease.spec;
  const spec = { ...draft.spec, prefixLength, pool };
  return replaceLease({ ...draft, metadata: lease.metadata, spec }, writeContext(call, deps));
}

function mayTakeOver(lease: IPLease, claimant: Claimant, own: OwnLeases): boolean {
  const { metadata, spec } = lease;
  // One that is being deleted waits for somebody's finalizer: it would go from under its new holder.
  if (metadata.deletionTimestamp !== undefined) return false;
  if (spec.node !== claimant.node || spec.reserved !== undefined) return false;
  return isOfEarlierSandbox(lease, claimant) || own.isSandboxGone(lease);
}

function writeContext({ claimant, signal }: AllocationCall, { store, clock, leftovers }: AllocatorDeps): WriteContext {
  return { store, claimant, clock, signal, recheck: (lease) => leftovers.recheck(lease) };
}

function addressTaken(address: Address, held: IPLease): IpamError {
  return new IpamError("address-taken", `address ${formatAddress(address)} is held by ${describeHolder(held)}`);
}
