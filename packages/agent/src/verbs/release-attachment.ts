import { isHeldBy, releaseLease } from "@cluster-ipam/allocator";
import type { IPLease } from "@cluster-ipam/api";
import type { AgentContext } from "../agent-context.ts";
import type { AttachmentRelease } from "../pending-releases.ts";

/**
 * Releases every lease of an attachment that no later ADD has; call it inside the attachment's gate.
 *
 * What memory does not know costs one consistent list by node, unless this process has released the attachment before:
 * memory never proves "none".
 *
 * @throws IpamError `apiserver-unreachable` when the list could not be had; nothing is released then
 */
export async function releaseAttachment(
  release: AttachmentRelease,
  agent: AgentContext,
  signal: AbortSignal,
): Promise<void> {
  const leases = await leasesOf(release, agent, signal);
  const { attachments, clock } = agent;
  const isAll = !attachments.mayHaveMore(leases, clock.nowMs());
  await releaseLeases(leases, agent, signal);
  if (isAll && attachments.of(release.attachment).length === 0) attachments.markReleased(release.attachment);
}

/** Releases leases of one attachment, inside its gate. A release that is not confirmed is pending then. */
export async function releaseLeases(
  leases: readonly IPLease[],
  agent: AgentContext,
  signal: AbortSignal,
): Promise<void> {
  for (const lease of leases) {
    // First: whatever comes of the delete, the attachment does not have the lease any more.
    agent.attachments.drop(lease);
    const isReleased = await tryRelease(lease, agent, signal);
    if (!isReleased) agent.pending.addLease(lease);
  }
}

async function leasesOf(
  { attachment, startedAtNs }: AttachmentRelease,
  { attachments, nodeLeases, clock }: AgentContext,
  signal: AbortSignal,
): Promise<IPLease[]> {
  const isOlder = (lease: IPLease): boolean => attachments.isOlderThan(lease, startedAtNs);
  const known = attachments.of(attachment).filter(isOlder);
  const isAll = known.length > 0 && !attachments.mayHaveMore(known, clock.nowMs());
  if (isAll || attachments.wasReleased(attachment)) return known;
  const { network, containerId, ifName } = attachment;
  const isOfAttachment = ({ spec }: IPLease): boolean =>
    spec.containerID === containerId && spec.ifName === ifName && (network === "" || spec.network === network);
  const leases = await nodeLeases.since(clock.nowMs(), signal);
  return leases.filter((lease) => isOfAttachment(lease) && isOlder(lease));
}

async function tryRelease(lease: IPLease, agent: AgentContext, signal: AbortSignal): Promise<boolean> {
  const { node, store, log } = agent;
  const { network, containerID, ifName, address: ip, pool } = lease.spec;
  const isStillOurs = (found: IPLease): boolean => isHeldBy(found, { network, containerID, ifName, node });
  try {
    const outcome = await releaseLease(store, lease, { isStillOurs, signal });
    log.debug({ ip, pool, containerId: containerID, ifName, outcome }, "lease release tried");
    return outcome === "released";
  } catch (err) {
    log.warn({ err, ip, pool }, "lease release failed");
    return false;
  }
}
