import { type AllocationRequest, rangeSetsOf } from "@cluster-ipam/allocator";
import type { IPLease, IPPool } from "@cluster-ipam/api";
import { type Address, formatAddress, parseAddress } from "@cluster-ipam/ip";
import { inlinePool } from "../pools/inline-pool.ts";
import { familyOf, isPoollessReservation } from "./serving-leases.ts";

/**
 * The attachment's leases in the order of an answer, where they are what the ipam section asks for, no more and no
 * less: some of every pool that it names, one of every set of its ranges, every address that it names itself, every
 * fixed one. No pool is asked: it may be gone.
 */
export function leasesAskedFor(
  leases: readonly IPLease[],
  asked: AllocationRequest,
  network: string,
): readonly IPLease[] | undefined {
  const left = new Set(leases);
  const named = asked.named.map(({ cidr }) => takeAll(left, (lease) => isNamed(lease, cidr, asked.addressSpace)));
  const ofPools = leasesOfPools(left, asked, network);
  const taken = [...ofPools, ...named];
  const isWhole = leases.length > 0 && left.size === 0 && taken.every((group) => group.length > 0);
  const all = taken.flat();
  return isWhole && asked.fixed.every((fixed) => all.some((lease) => isFixed(lease, fixed))) ? all : undefined;
}

function leasesOfPools(left: Set<IPLease>, { choice, addressSpace }: AllocationRequest, network: string): IPLease[][] {
  switch (choice.kind) {
    case "named":
      return withReservations(
        choice.names.map((name) => takeAll(left, ({ spec }) => spec.pool === name)),
        left,
      );
    case "inline":
      return choice.sets.map((ranges) => {
        const draft = inlinePool(network, ranges, addressSpace, choice.nodeBlocks);
        return takeAll(left, (lease) => isOfInline(lease, draft));
      });
    case "network": {
      // The pool that served it may have been the default one: it has one name in all of its leases.
      const pool = [...left].find(({ spec }) => spec.pool !== "")?.spec.pool;
      return withReservations([takeAll(left, ({ spec }) => pool !== undefined && spec.pool === pool)], left);
    }
    case "none":
      return [];
  }
}

/** A reservation that names no pool is of the first one that has given nothing of its family. */
function withReservations(groups: readonly IPLease[][], left: Set<IPLease>): IPLease[][] {
  return groups.map((group) => {
    const families = new Set(group.map(familyOf));
    const isMissing = (lease: IPLease): boolean => {
      if (!isPoollessReservation(lease) || families.has(familyOf(lease))) return false;
      families.add(familyOf(lease));
      return true;
    };
    return byFamily([...group, ...takeAll(left, isMissing)]);
  });
}

/** Takes the leases out of `left`, IPv4 first, as pools give them. */
function takeAll(left: Set<IPLease>, isMeant: (lease: IPLease) => boolean): IPLease[] {
  const taken = byFamily([...left].filter(isMeant));
  for (const lease of taken) left.delete(lease);
  return taken;
}

function byFamily(leases: readonly IPLease[]): IPLease[] {
  return leases.toSorted((a, b) => familyOf(a) - familyOf(b));
}

/** Also of another pool that has the address: the section may have been edited, and pools may overlap. */
function isOfInline({ spec }: IPLease, draft: IPPool): boolean {
  if (spec.pool === draft.metadata.name) return true;
  const address = parseAddress(spec.address);
  if (address === undefined || spec.addressSpace !== draft.spec.addressSpace) return false;
  return rangeSetsOf(draft).some(({ family, addresses }) => family === address.family && addresses.has(address));
}

function isNamed({ spec }: IPLease, address: Address, addressSpace: string): boolean {
  return spec.pool === "" && spec.address === formatAddress(address) && spec.addressSpace === addressSpace;
}

function isFixed({ spec }: IPLease, { address, prefixLength }: AllocationRequest["fixed"][number]): boolean {
  return spec.address === formatAddress(address) && (prefixLength ?? spec.prefixLength) === spec.prefixLength;
}
