import { isHeldBy, releaseLease } from "@cluster-ipam/allocator";
import type { IPLease } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import type { AgentContext } from "./agent-context.ts";
import type { Interface } from "./attachment-gate.ts";
import { interfaceOf, type PendingRelease } from "./pending-releases.ts";
import { releaseAttachment } from "./verbs/release-attachment.ts";

/** Wait before a round over what is pending: 1 s, doubled while something stays unsettled, at most 10 s. */
const ROUND = { firstMs: 1_000, maxMs: 10_000 } as const;
/** Bound of one look at one pending release. */
const LOOK_TIMEOUT_MS = 4_000;

/** Settles pending releases until `signal` aborts; asks nothing of the server while nothing is pending. */
export async function settlePendingUntil(signal: AbortSignal, agent: AgentContext): Promise<void> {
  let waitMs: number = ROUND.firstMs;
  while (!signal.aborted) {
    await agent.pending.untilDue(signal);
    await agent.clock.sleep(waitMs, signal);
    if (signal.aborted) return;
    await settlePending(signal, agent);
    agent.spooled.settle();
    waitMs = agent.pending.size === 0 ? ROUND.firstMs : Math.min(waitMs * 2, ROUND.maxMs);
  }
}

/** One round over all that is pending; what cannot be settled yet stays so. Ends early where the server is away. */
export async function settlePending(signal: AbortSignal, agent: AgentContext): Promise<void> {
  for (const pending of agent.pending.due()) {
    const isServerThere = await agent.gate.run(interfaceOf(pending), () => settle(pending, agent, signal));
    if (!isServerThere) return;
  }
}

/**
 * Settles what is pending for one interface, inside its gate: an ADD that follows an unconfirmed DEL must not find its
 * own address held by itself.
 */
export async function settleInterface(of: Interface, agent: AgentContext, signal: AbortSignal): Promise<void> {
  for (const pending of agent.pending.dueFor(of)) await settle(pending, agent, signal);
}

/** @returns false where the server gave no answer, and would give none to the next either */
async function settle(pending: PendingRelease, agent: AgentContext, signal: AbortSignal): Promise<boolean> {
  // Settled while this round waited for the gate, or due for longer by now.
  if (!agent.pending.has(pending)) return true;
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(LOOK_TIMEOUT_MS)]);
  try {
    if (await release(pending, agent, bounded)) agent.pending.remove(pending);
  } catch (err) {
    agent.log.warn({ err, pendingReleases: agent.pending.size }, "pending release failed and will be tried again");
    return !(err instanceof IpamError && err.code === "apiserver-unreachable");
  }
  return true;
}

async function release(pending: PendingRelease, agent: AgentContext, signal: AbortSignal): Promise<boolean> {
  if (pending.kind === "lease") return releasePendingLease(pending, agent, signal);
  await releaseAttachment(pending, agent, signal);
  return true;
}

/**
 * Releases the lease while the server shows it in the hands of the attachment that it is pending for, and while no
 * later ADD of that attachment has it as its own: a newer holder is never hit.
 *
 * @returns whether the lease is gone for good: one that may still appear, once or again, is looked for until then
 */
async function releasePendingLease(
  { lease, mayAppearUntilMs }: Extract<PendingRelease, { kind: "lease" }>,
  { store, attachments, clock, log }: AgentContext,
  signal: AbortSignal,
): Promise<boolean> {
  // Asked before the look: what appears after it would go unseen.
  const isLastLook = clock.nowMs() >= mayAppearUntilMs;
  const { network, containerID, ifName, node } = lease.spec;
  const attachment = { network, containerId: containerID, ifName };
  const isStillOurs = (current: IPLease): boolean =>
    isHeldBy(current, { network, containerID, ifName, node }) &&
    !attachments.of(attachment).some(({ metadata }) => metadata.uid === current.metadata.uid);
  const found = await store.get(lease.metadata.name, signal);
  if (found === undefined || !isStillOurs(found)) return isLastLook;
  const outcome = await releaseLease(store, found, { isStillOurs, signal });
  if (outcome === "released") log.info({ ip: found.spec.address, pool: found.spec.pool }, "pending lease released");
  return outcome === "released" && isLastLook;
}
