import { type IPLease, leaseName } from "@cluster-ipam/api";
import type { Address } from "@cluster-ipam/ip";
import { type AllocationCall, type AllocatorDeps, type Claim, hasTaken, type Progress } from "./allocation.ts";
import { holderOf } from "./claimant.ts";
import { createNew } from "./create-new.ts";
import type { Taken } from "./lease-end.ts";
import type { RangeSet } from "./range-set.ts";
import { searchFor } from "./strategies/search.ts";
import { takeFixed } from "./take-fixed.ts";
import { takeKept } from "./take-kept.ts";
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
  const taken = new Map<Claim, Taken>([...kept].map(([claim, lease]) => [claim, { lease, origin: { kind: "held" } }]));
  const listOfHolder = onceAsked(() => leasesOfHolder(call, deps));
  try {
    // Fixed ones first: no other claim of the call must take what they want.
    for (const claim of fixedFirst(claims).filter((wanted) => !kept.has(wanted))) {
      call.signal.throwIfAborted();
      taken.set(claim, await takeAddress(claim, { ...call, taken, listOfHolder }, deps));
    }
    // A DEL or a deadline that came meanwhile must not find the call successful.
    call.signal.throwIfAborted();
    return claims.flatMap((claim) => taken.get(claim)?.lease ?? []);
  } catch (error) {
    await Promise.all([...taken.values()].map(({ lease, origin }) => deps.leftovers.giveBack(lease, origin)));
    throw error;
  }
}

/** The claims with those first that only one address can serve. */
export function fixedFirst(claims: readonly Claim[]): Claim[] {
  const rankOf = ({ fixed }: Claim): number => (fixed === undefined ? 1 : 0);
  return claims.toSorted((a, b) => rankOf(a) - rankOf(b));
}

/** All of the claimant's holder, what was released last first. */
async function leasesOfHolder({ claimant, signal }: AllocationCall, { store }: AllocatorDeps): Promise<IPLease[]> {
  const leases = await store.listByHolder(holderOf(claimant), signal);
  const releasedAtOf = ({ spec: { releasedAt = "" } }: IPLease): string => releasedAt;
  return leases.toSorted((a, b) => releasedAtOf(b).localeCompare(releasedAtOf(a)));
}

function onceAsked<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => (answer ??= ask());
}

async function takeAddress(claim: Claim, call: Progress, deps: AllocatorDeps): Promise<Taken> {
  const earlier = earlierLease(claim, call, deps.own);
  const own = earlier === undefined ? undefined : await takeOver(earlier, claim.set, call, deps);
  if (own !== undefined) return own;
  if (claim.fixed !== undefined) return takeFixed(claim.set, claim.fixed, call, deps);
  return (await takeKept(claim, call, deps)) ?? takeAny(claim, call, deps);
}

async function takeAny({ set, strategy }: Claim, call: Progress, deps: AllocatorDeps): Promise<Taken> {
  const { claimant, startedAtMs, signal, hold } = call;
  const seed = holderOf(claimant) || `${claimant.containerID}/${claimant.ifName}`;
  const { hints, random, own, busy, blocks } = deps;
  const context = { set, seed, hints, random, startedAtMs, signal, own, busy, hold };
  for await (const address of searchFor(strategy, context, blocks)) {
    signal.throwIfAborted();
    const isOwn = hasTaken(call, leaseName(address, set.addressSpace));
    const taken = isOwn ? undefined : await takeCandidate(set, address, call, deps);
    hints.learnTaken(set, address);
    if (taken !== undefined) return taken;
  }
  throw new RangeError("candidates ended without an error");
}

async function takeCandidate(
  set: RangeSet,
  address: Address,
  call: AllocationCall,
  deps: AllocatorDeps,
): Promise<Taken | undefined> {
  const created = await createNew(set, address, call, deps);
  if (created !== undefined) return created;
  call.onTaken?.();
  const own = deps.own.byName(leaseName(address, set.addressSpace));
  return own === undefined ? undefined : takeOver(own, set, call, deps);
}
