import { isHeldBy, releaseLease } from "@cluster-ipam/allocator";
import type { IPLease } from "@cluster-ipam/api";
import type { AgentContext } from "../agent-context.ts";
import type { AttachmentRelease } from "./pending-releases.ts";

/** How the leases of an attachment are looked for. */
export interface AttachmentLook {
  readonly signal: AbortSignal;
  /** They are taken from a list that began then or later, whatever memory knows; absent: from memory where it will do. */
  readonly listSinceMs?: number;
}

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
  look: AttachmentLook,
): Promise<void> {
  const { attachments, clock } = agent;
  const leases = knownLeasesOf(release, agent, look) ?? (await listedLeasesOf(release, agent, look));
  attachments.ousted.release(release.attachment, (lease) => attachments.isOlderThan(lease, release.startedAtNs));
  const isAll = !attachments.mayHaveMore(leases, clock.nowMs());
  await releaseLeases(leases, release, agent, look.signal);
  if (isAll && attachments.of(release.attachment).length === 0) attachments.released.add(release.attachment);
}

/**
 * Releases leases of one attachment that no ADD has which began at `startedAtNs` or later, inside its gate. A release
 * that is not confirmed is pending then.
 */
export async function releaseLeases(
  leases: readonly IPLease[],
  { startedAtNs }: Pick<AttachmentRelease, "startedAtNs">,
  agent: AgentContext,
  signal: AbortSignal,
): Promise<void> {
  for (const lease of leases) {
    // First: whatever comes of the write, the attachment does not have the lease any more.
    agent.attachments.drop(lease);
    using hold = agent.allocator.busy.open();
    hold.add(lease.metadata.name);
    const isReleased = await tryRelease(lease, startedAtNs, agent, signal);
    if (!isReleased) agent.pending.addLease(lease);
  }
}

function knownLeasesOf(
  { attachment, startedAtNs }: AttachmentRelease,
  { attachments, clock }: AgentContext,
  { listSinceMs }: AttachmentLook,
): IPLease[] | undefined {
  if (listSinceMs !== undefined) return undefined;
  const known = attachments.of(attachment).filter((lease) => attachments.isOlderThan(lease, startedAtNs));
  const isAll = known.length > 0 && !attachments.mayHaveMore(known, clock.nowMs());
  return isAll || attachments.released.has(attachment) ? known : undefined;
}

async function listedLeasesOf(
  { attachment, startedAtNs }: AttachmentRelease,
  { attachments, nodeLeases, clock }: AgentContext,
  { listSinceMs = clock.nowMs(), signal }: AttachmentLook,
): Promise<IPLease[]> {
  const { network, containerId, ifName } = attachment;
  const isOfAttachment = ({ spec }: IPLease): boolean =>
    spec.containerID === containerId && spec.ifName === ifName && (network === "" || spec.network === network);
  // A list that is shared may be from before the last ADD of the attachment, which memory knows.
  const isOlder = (lease: IPLease): boolean =>
    attachments.isOlderThan(attachments.byName(lease.metadata.name) ?? lease, startedAtNs);
  const leases = await nodeLeases.since(listSinceMs, signal);
  return leases.filter((lease) => isOfAttachment(lease) && isOlder(lease));
}

async function tryRelease(
  lease: IPLease,
  startedAtNs: bigint,
  { node, store, log, attachments, allocator: { keeping, busy } }: AgentContext,
  signal: AbortSignal,
): Promise<boolean> {
  const { network, containerID, ifName, address: ip, pool } = lease.spec;
  const isStillOurs = (found: IPLease): boolean =>
    isHeldBy(found, { network, containerID, ifName, node }) && attachments.isOlderThan(found, startedAtNs);
  try {
    // No call of this node tries what its pool keeps.
    const onKept = (): void => busy.learnTaken(lease.metadata.name);
    const outcome = await releaseLease(store, lease, { isStillOurs, signal, keeping, onKept });
    log.debug({ ip, pool, containerId: containerID, ifName, outcome }, "lease release tried");
    return outcome === "released";
  } catch (err) {
    log.warn({ err, ip, pool }, "lease release failed");
    return false;
  }
}
