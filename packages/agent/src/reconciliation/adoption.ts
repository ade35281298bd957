import { isHeldBy } from "@cluster-ipam/allocator";
import type { IPLease } from "@cluster-ipam/api";
import type { AgentContext } from "../agent-context.ts";
import { holdingInterface } from "../attachments/attachment-gate.ts";

/**
 * Takes a lease into memory that a list shows for this node and memory does not have: what an earlier process had under
 * way, or a restored backup brought back. Inside the gate and from a read, since the list may be older than a DEL. What was
 * under way for an ADD that nobody answered is given back where a later one of the attachment has been answered.
 *
 * @returns the lease, or undefined where it is not this attachment's any more, or is about to be released
 */
export function adopt(listed: IPLease, agent: AgentContext, signal: AbortSignal): Promise<IPLease | undefined> {
  const { attachments, pending, store } = agent;
  const { name } = listed.metadata;
  return agent.gate.run(holdingInterface(listed), async () => {
    const isUnknown = (): boolean => attachments.byName(name) === undefined;
    if (!isUnknown() || pending.dueFor(holdingInterface(listed)).length > 0) return undefined;
    const found = await store.get(name, signal);
    if (found === undefined || !isHeldBy(found, listed.spec)) return undefined;
    // A call of another interface may have taken it over meanwhile.
    if (!isUnknown()) return undefined;
    if (isSuperseded(found, agent)) {
      pending.addLease(found);
      return undefined;
    }
    attachments.putRead(found);
    agent.meter.reconciled("adopted", false);
    const { address: ip, pool, containerID: containerId, ifName } = found.spec;
    agent.log.info({ ip, pool, containerId, ifName }, "lease found on the server and taken into memory");
    return found;
  });
}

/** An ADD makes all that its attachment has its own before it is answered: what is of an earlier one was never answered. */
function isSuperseded({ spec }: IPLease, { attachments }: AgentContext): boolean {
  const { network, containerID: containerId, ifName, addedAt } = spec;
  return attachments.of({ network, containerId, ifName }).some(({ spec: { addedAt: later } }) => {
    const isComparable = addedAt !== undefined && later !== undefined && addedAt.bootID === later.bootID;
    return isComparable && BigInt(addedAt.bootTimeNs) < BigInt(later.bootTimeNs);
  });
}
