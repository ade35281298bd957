import { type Claim, fixedFirst } from "@cluster-ipam/allocator";
import type { IPLease } from "@cluster-ipam/api";
import { type Family, parseAddress } from "@cluster-ipam/ip";

/**
 * Which of the attachment's leases serve which claims. Those of the claim's own pool come first: pools may overlap.
 *
 * A lease of the pool stays good whatever became of the pool since: an edit must not take the address of a running pod.
 */
export function leasesServing(claims: readonly Claim[], leases: readonly IPLease[]): Map<Claim, IPLease> {
  const serving = new Map<Claim, IPLease>();
  for (const isServing of [isOfPool, isOfAddresses, isOfSomePool]) {
    for (const claim of fixedFirst(claims).filter((open) => !serving.has(open))) {
      const used = [...serving.values()];
      const lease = leases.find((candidate) => !used.includes(candidate) && isServing(candidate, claim));
      if (lease !== undefined) serving.set(claim, lease);
    }
  }
  return serving;
}

function isOfPool(lease: IPLease, claim: Claim): boolean {
  const { set } = claim;
  return set.pool !== "" && lease.spec.pool === set.pool && familyOf(lease) === set.family && isAsked(lease, claim);
}

function isOfAddresses(lease: IPLease, claim: Claim): boolean {
  const address = parseAddress(lease.spec.address);
  if (address === undefined || lease.spec.addressSpace !== claim.set.addressSpace) return false;
  return claim.set.addresses.has(address) && isAsked(lease, claim);
}

function isOfSomePool(lease: IPLease, claim: Claim): boolean {
  return (
    isPoollessReservation(lease) &&
    claim.set.pool !== "" &&
    familyOf(lease) === claim.set.family &&
    isAsked(lease, claim)
  );
}

/**
 * Whether the lease is a reservation that names no pool, which a hand need not name: once the pool's ranges have been
 * edited nobody can tell whose address it was.
 */
export function isPoollessReservation({ spec }: IPLease): boolean {
  return spec.pool === "" && spec.reserved !== undefined;
}

/** Whether the claim may have this address: it names none, names this one, or computed its own from the pool of now. */
function isAsked({ spec }: IPLease, { fixed, isComputed }: Claim): boolean {
  if (fixed === undefined || isComputed === true) return true;
  const address = parseAddress(spec.address);
  return address?.family === fixed.family && address.value === fixed.value;
}

/**
 * Leases that no claim needs: first those that last, since a pool that is still asked for has lost the ranges of their
 * family, then those that are not asked for any more.
 */
export function sortOut(
  leases: readonly IPLease[],
  claims: readonly Claim[],
): readonly [lasting: IPLease[], surplus: IPLease[]] {
  const lasts = (lease: IPLease): boolean => {
    const isOf = (pool: string): boolean => pool !== "" && (pool === lease.spec.pool || isPoollessReservation(lease));
    const sets = claims.map(({ set }) => set).filter(({ pool }) => isOf(pool));
    return sets.length > 0 && sets.every(({ family }) => family !== familyOf(lease));
  };
  return [leases.filter(lasts), leases.filter((lease) => !lasts(lease))];
}

/** The leases with those that last where an answer has always had them: IPv4 of a pool before its IPv6. */
export function withLasting(leases: readonly IPLease[], lasting: readonly IPLease[]): IPLease[] {
  const all = [...leases];
  for (const lease of lasting) {
    const isOfAny = isPoollessReservation(lease);
    const sibling = all.findIndex(({ spec }) => isOfAny || spec.pool === lease.spec.pool);
    const place = sibling === -1 ? all.length : sibling;
    all.splice(familyOf(lease) === 4 ? place : place + 1, 0, lease);
  }
  return all;
}

/** The family of the lease's address. */
export function familyOf({ spec }: IPLease): Family {
  return spec.address.includes(":") ? 6 : 4;
}
