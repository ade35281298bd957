import { type AllocationCall, allocate, type Claim } from "@cluster-ipam/allocator";
import type { IPLease } from "@cluster-ipam/api";
import type { AgentContext } from "../agent-context.ts";
import { existingLeases } from "./existing-leases.ts";
import { leasesServing, sortOut, withLasting } from "./serving-leases.ts";

/**
 * The attachment's leases, one for each claim: those that it has already, and new ones for the rest. What it has beside
 * them is given back, but for what a pool that is still asked for gave it before it was edited.
 *
 * @throws IpamError as `existingLeases` and `allocate` do; the attachment has no lease then
 */
export async function leasesFor(
  claims: readonly Claim[],
  call: AllocationCall,
  agent: AgentContext,
): Promise<IPLease[]> {
  const existing = await existingLeases(call, agent);
  const kept = leasesServing(claims, existing);
  const others = existing.filter((lease) => ![...kept.values()].includes(lease));
  const [lasting, surplus] = sortOut(others, claims);
  // Beside the rest, and whatever becomes of that: an undo must not wait for another.
  const tidied = giveBack(surplus, agent);
  let conflicts = 0;
  const onTaken = (): void => void (conflicts += 1);
  const onRetry = (): void => agent.meter.requestRetried();
  try {
    const leases = await allocate(claims, { ...call, onTaken, onRetry }, agent.allocator, kept);
    return withLasting(leases, lasting);
  } catch (error) {
    await giveBack(lasting, agent);
    throw error;
  } finally {
    agent.meter.addressesSearched(conflicts);
    await tidied;
  }
}

async function giveBack(leases: readonly IPLease[], agent: AgentContext): Promise<void> {
  await Promise.all(leases.map((lease) => agent.allocator.leftovers.giveBack(lease, { kind: "held" })));
}
