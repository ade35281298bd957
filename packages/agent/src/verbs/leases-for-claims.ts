import { type AllocationCall, allocate, type Claim, fixedFirst } from "@cluster-ipam/allocator";
import type { IPLease } from "@cluster-ipam/api";
import { parseAddress } from "@cluster-ipam/ip";
import type { AgentContext } from "../agent-context.ts";
import { existingLeases } from "./existing-leases.ts";

/**
 * The attachment's leases, one for each claim: those that it has already, and new ones for the rest. What it has beside
 * them is given back.
 *
 * @throws IpamError as `existingLeases` and `allocate` do; the attachment has no lease then
 */
export async function leasesFor(
  claims: readonly Claim[],
  call: AllocationCall,
  agent: AgentContext,
): Promise<IPLease[]> {
  const existing = await existingLeases(call, agent);
  const kept = new Map<Claim, IPLease>();
  for (const claim of fixedFirst(claims)) {
    const lease = existing.find((candidate) => ![...kept.values()].includes(candidate) && serves(candidate, claim));
    if (lease !== undefined) kept.set(claim, lease);
  }
  const surplus = existing.filter((lease) => ![...kept.values()].includes(lease));
  // Beside the rest, and whatever becomes of that: an undo must not wait for another.
  const tidied = giveBack(surplus, agent);
  let conflicts = 0;
  const onTaken = (): void => void (conflicts += 1);
  const onRetry = (): void => agent.meter.requestRetried();
  try {
    return await allocate(claims, { ...call, onTaken, onRetry }, agent.allocator, kept);
  } finally {
    agent.meter.addressesSearched(conflicts);
    await tidied;
  }
}

function serves({ spec }: IPLease, { set, fixed }: Claim): boolean {
  const address = parseAddress(spec.address);
  if (address === undefined || address.family !== set.family || spec.addressSpace !== set.addressSpace) return false;
  if (fixed !== undefined) return fixed.value === address.value;
  // The pool may have been edited since: its name still ties the lease to the claim.
  return spec.pool === set.pool || set.addresses.has(address);
}

async function giveBack(leases: readonly IPLease[], agent: AgentContext): Promise<void> {
  await Promise.all(leases.map((lease) => agent.allocator.leftovers.giveBack(lease)));
}
