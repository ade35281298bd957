import {
  type AllocationCall,
  addedAtOf,
  beganBefore,
  type Claimant,
  holderOf,
  isHeldBy,
  isOfCall,
  replaceLease,
  type WriteContext,
} from "@cluster-ipam/allocator";
import type { IPLease } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import type { AgentContext } from "../agent-context.ts";

/**
 * The leases that the claimant's attachment has already, read live, and made those of this call; inside its gate. What
 * is not the attachment's any more is dropped.
 *
 * @throws IpamError when the server gives no answer before the call's signal aborts; `cancelled` when a newer ADD for
 * the attachment or for its pod has been answered already: this one's caller is gone, and must not take part in what
 * the newer one has
 */
export async function existingLeases(call: AllocationCall, agent: AgentContext): Promise<IPLease[]> {
  const { claimant } = call;
  const { network, containerID, ifName } = claimant;
  refuseSucceeded(claimant, agent.attachments.byHolder(holderOf(claimant)));
  const leases: IPLease[] = [];
  try {
    for (const known of agent.attachments.of({ network, containerId: containerID, ifName })) {
      const lease = await ownLease(known.metadata.name, call, agent);
      if (lease === undefined) agent.attachments.drop(known);
      else leases.push(lease);
    }
  } catch (error) {
    // They are this call's now, and a DEL that began before it leaves them alone: nobody else would release them.
    const taken = leases.filter((lease) => isOfCall(lease, claimant));
    await Promise.all(taken.map((lease) => agent.allocator.leftovers.giveBack(lease, { kind: "held" })));
    throw error;
  }
  refuseSucceeded(claimant, leases);
  return leases;
}

function refuseSucceeded({ network, pod, call }: Claimant, leases: readonly IPLease[]): void {
  const isNewer = (lease: IPLease): boolean => {
    const { spec } = lease;
    const isSamePod = spec.pod?.uid === pod?.uid && spec.network === network;
    return isSamePod && spec.addedAt?.bootID === call.bootID && BigInt(spec.addedAt.bootTimeNs) > call.startedAtNs;
  };
  if (!leases.some(isNewer)) return;
  throw new IpamError("cancelled", "a newer ADD for the same pod and interface has been answered already");
}

/**
 * The lease says of which call it is: a late DEL that was meant for an earlier one then leaves it alone, and so does a
 * late write that names its earlier version. It says in which sandbox, too: a container ID may come again with another
 * network namespace (cnitool names it by the namespace's path).
 */
async function ownLease(name: string, call: AllocationCall, agent: AgentContext): Promise<IPLease | undefined> {
  const { claimant, signal } = call;
  const { store, clock, allocator } = agent;
  const context: WriteContext = {
    store,
    claimant,
    clock,
    signal,
    recheck: (written) => allocator.leftovers.recheck(written, { kind: "held" }),
  };
  for (;;) {
    const lease = await store.get(name, signal);
    // One that is being deleted goes when its last finalizer does, under whoever has it then.
    if (lease === undefined || !isHeldBy(lease, claimant) || lease.metadata.deletionTimestamp !== undefined) {
      return undefined;
    }
    if (!beganBefore(lease, claimant.call)) return lease;
    const { sandbox: _earlier, ...spec } = lease.spec;
    const sandbox = claimant.sandbox === undefined ? {} : { sandbox: claimant.sandbox };
    const written = await replaceLease(
      { ...lease, spec: { ...spec, ...sandbox, addedAt: addedAtOf(claimant) } },
      context,
    );
    if (written !== undefined) return written;
  }
}
