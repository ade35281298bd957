import { type IPLease, leaseName } from "@cluster-ipam/api";
import type { Address } from "@cluster-ipam/ip";
import {
  type AllocationCall,
  type AllocatorDeps,
  type Claim,
  hasTaken,
  type Progress,
  writeContext,
} from "./allocation.ts";
import { createLease } from "./certain-write.ts";
import { draftLease, holderOf } from "./claimant.ts";
import type { RangeSet } from "./range-set.ts";
import { SEARCHES } from "./strategies/search.ts";
import { takeFixed } from "./take-fixed.ts";
import { earlierLease, takeOver } from "./take-over.ts";

/**
 * Takes one address for each claim: all, or none. What the call had before a claim failed is given back.
 *
 * @param kept claims that a lease of the call's attachment serves already
 * @throws IpamError `pool-exhausted`, `address-taken`, `apiserver-unreachable`, `cancelled`, …
 */
export async function allocate(
  claims: readonly Claim[],
  call: AllocationCall,
  deps: AllocatorDeps,
  kept: ReadonlyMap<Claim, IPLease> = new Map(),
): Promise<IPLease[]> {
  const taken = new Map(kept);
  try {
    // Fixed ones first: no other claim of the call must take what they want.
    for (const claim of fixedFirst(claims).filter((wanted) => !kept.has(wanted))) {
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

/** The claims with those first that only one address can serve. */
export function fixedFirst(claims: readonly Claim[]): Claim[] {
  const rankOf = ({ fixed }: Claim): number => (fixed === undefined ? 1 : 0);
  return claims.toSorted((a, b) => rankOf(a) - rankOf(b));
}

async function takeAddress(claim: Claim, call: Progress, deps: AllocatorDeps): Promise<IPLease> {
  const earlier = earlierLease(claim, call, deps.own);
  const own = earlier === undefined ? undefined : await takeOver(earlier, claim.set, call, deps);
  if (own !== undefined) return own;
  return claim.fixed === undefined ? takeAny(claim, call, deps) : takeFixed(claim.set, claim.fixed, call, deps);
}

async function takeAny({ set, strategy }: Claim, call: Progress, deps: AllocatorDeps): Promise<IPLease> {
  const { claimant, startedAtMs, signal } = call;
  const seed = holderOf(claimant) || `${claimant.containerID}/${claimant.ifName}`;
  const { hints, random } = deps;
  for await (const address of SEARCHES[strategy]({ set, seed, hints, random, startedAtMs, signal })) {
    signal.throwIfAborted();
    const isOwn = hasTaken(call, leaseName(address, set.addressSpace));
    const lease = isOwn ? undefined : await takeCandidate(set, address, call, deps);
    hints.learnTaken(set, address);
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
  call.onTaken?.();
  const own = deps.own.byName(leaseName(address, set.addressSpace));
  return own === undefined ? undefined : takeOver(own, set, call, deps);
}
