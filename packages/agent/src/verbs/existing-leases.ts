import { type AllocationCall, isHeldBy, replaceLease, type WriteContext } from "@cluster-ipam/allocator";
import type { IPLease } from "@cluster-ipam/api";
import type { AgentContext } from "../agent-context.ts";
import type { Sandbox } from "../sandbox.ts";

/**
 * The leases that the claimant's attachment has already, read live; inside its gate. What is not the attachment's any
 * more is dropped.
 *
 * @throws IpamError when the server gives no answer before the call's signal aborts
 */
export async function existingLeases(call: AllocationCall, agent: AgentContext): Promise<IPLease[]> {
  const { network, containerID, ifName } = call.claimant;
  const leases: IPLease[] = [];
  for (const known of agent.attachments.of({ network, containerId: containerID, ifName })) {
    const lease = await ownLease(known.metadata.name, call, agent);
    if (lease === undefined) agent.attachments.drop(known);
    else leases.push(lease);
  }
  return leases;
}

/**
 * A container ID may come again with another network namespace (cnitool names it by the namespace's path): the lease
 * has to say so, or it would count as left behind by a dead sandbox while its pod lives.
 */
async function ownLease(name: string, call: AllocationCall, agent: AgentContext): Promise<IPLease | undefined> {
  const { claimant, signal } = call;
  const { store, clock, allocator } = agent;
  const context: WriteContext = {
    store,
    claimant,
    clock,
    signal,
    recheck: (lease) => allocator.leftovers.recheck(lease),
  };
  for (;;) {
    const lease = await store.get(name, signal);
    if (lease === undefined || !isHeldBy(lease, claimant)) return undefined;
    if (isSame(lease.spec.sandbox, claimant.sandbox)) return lease;
    const { sandbox: _earlier, addedAt: _start, ...spec } = lease.spec;
    const sandbox = claimant.sandbox === undefined ? {} : { sandbox: claimant.sandbox };
    const addedAt = claimant.addedAt === undefined ? {} : { addedAt: claimant.addedAt };
    const written = await replaceLease({ ...lease, spec: { ...spec, ...sandbox, ...addedAt } }, context);
    if (written !== undefined) return written;
  }
}

function isSame(a: Sandbox | undefined, b: Sandbox | undefined): boolean {
  return a?.netns === b?.netns && a?.inode === b?.inode && a?.bootID === b?.bootID;
}
