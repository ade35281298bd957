import { isHeldBy, releaseLease } from "@cluster-ipam/allocator";
import type { IPLease } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import type { AgentContext } from "../agent-context.ts";
import { whileReachable } from "../api-circuit.ts";
import type { Interface } from "../attachments/attachment-gate.ts";
import { interfaceOf, isDueAt, type PendingRelease } from "./pending-releases.ts";
import { releaseAttachment } from "./release-attachment.ts";

/**
 * Wait before a round over what is pending: 1 s, doubled while something stays unsettled, at most 10 s. A round releases
 * so many at a time, and lets other work come in between after so many.
 */
const ROUND = { firstMs: 1_000, maxMs: 10_000, parallel: 8, slice: 25, sliceMs: 1 } as const;
/** Bound of one look at one pending release. */
const LOOK_TIMEOUT_MS = 4_000;

/** Settles pending releases until `signal` aborts; asks nothing of the server while nothing is pending. */
export async function settlePendingUntil(signal: AbortSignal, agent: AgentContext): Promise<void> {
  const { pending, circuit, clock, spooled } = agent;
  let waitMs: number = ROUND.firstMs;
  while (!signal.aborted) {
    await pending.untilDue(signal);
    await clock.sleep(waitMs, signal);
    if (signal.aborted) return;
    // The circuit knows how long to spare the server: a round is then the request that finds out.
    const isWorthwhile = circuit.isPassable;
    if (isWorthwhile) await settlePending(signal, agent);
    await spooled.settleAll(clock, signal);
    const isOver = !isWorthwhile || pending.dueNow().length === 0;
    waitMs = isOver ? ROUND.firstMs : Math.min(waitMs * 2, ROUND.maxMs);
  }
}

/** One round over all that is pending; what cannot be settled yet stays so. Ends early where the server is away. */
export async function settlePending(signal: AbortSignal, agent: AgentContext): Promise<void> {
  const { pending, clock, gate } = agent;
  // All that is pending now was asked for before any list that begins from here on: one serves the whole round.
  const look: Look = { signal, listSinceMs: clock.nowMs() };
  const queue = pending.dueNow();
  let next = 0;
  let isServerThere = true;
  let breath = Promise.resolve();
  /** @returns whether there is more to do */
  const settleNext = async (): Promise<boolean> => {
    await breath;
    const each = queue[next];
    next += 1;
    if (next % ROUND.slice === 0) breath = clock.sleep(ROUND.sliceMs, signal);
    if (each === undefined || !isServerThere || signal.aborted) return false;
    if (!(await gate.run(interfaceOf(each), () => settle(each, agent, look)))) isServerThere = false;
    return true;
  };
  const settleRest = async (): Promise<void> => {
    while (await settleNext());
  };
  // The first alone: a server that is away is asked once a round.
  if (await settleNext()) await Promise.all(Array.from({ length: ROUND.parallel }, settleRest));
}

/**
 * Settles what is pending for one interface, inside its gate: an ADD that follows an unconfirmed DEL must not find its
 * own address held by itself.
 */
export async function settleInterface(of: Interface, agent: AgentContext, signal: AbortSignal): Promise<void> {
  const nowMs = agent.clock.nowMs();
  for (const pending of agent.pending.dueFor(of)) {
    if (isDueAt(pending, nowMs)) await settle(pending, agent, { signal, listSinceMs: agent.clock.nowMs() });
  }
}

/** How pending releases are looked at. */
interface Look {
  readonly signal: AbortSignal;
  /** A list of the node's leases must not have begun earlier. */
  readonly listSinceMs: number;
}

/** @returns false where the server gave no answer, and would give none to the next either */
async function settle(pending: PendingRelease, agent: AgentContext, look: Look): Promise<boolean> {
  // Settled while this round waited for the gate, or due for longer by now.
  if (!agent.pending.has(pending)) return true;
  using reachable = whileReachable(agent, look.signal, AbortSignal.timeout(LOOK_TIMEOUT_MS));
  try {
    await release(pending, agent, { ...look, signal: reachable.signal });
  } catch (err) {
    agent.log.warn({ err, pendingReleases: agent.pending.size }, "pending release failed and will be tried again");
    return !(err instanceof IpamError && err.code === "apiserver-unreachable");
  }
  return true;
}

async function release(pending: PendingRelease, agent: AgentContext, look: Look): Promise<void> {
  // Asked before the look: what appears after it would go unseen.
  const isLastLook = agent.clock.nowMs() >= pending.mayAppearUntilMs;
  if (pending.kind === "lease") {
    const isGone = await releasePendingLease(pending, agent, look.signal);
    if (isGone && isLastLook) agent.pending.remove(pending);
    return;
  }
  await releaseAttachment(pending, agent, look);
  if (isLastLook) agent.pending.remove(pending);
  else agent.pending.postpone(pending);
}

/**
 * Releases the lease while the server shows it in the hands of the attachment that it is pending for, and while that
 * attachment does not have it as its own: neither a newer holder is hit, nor one that a reconciliation gives its lease
 * back to.
 *
 * @returns whether the server has it no more for that attachment, now
 */
async function releasePendingLease(
  { lease, origin }: Extract<PendingRelease, { kind: "lease" }>,
  { store, attachments, allocator, log }: AgentContext,
  signal: AbortSignal,
): Promise<boolean> {
  const { name } = lease.metadata;
  const { network, containerID, ifName, node } = lease.spec;
  const attachment = { network, containerId: containerID, ifName };
  const isTheirs = (current: IPLease): boolean => isHeldBy(current, { network, containerID, ifName, node });
  const { keeping } = allocator;
  const found = await store.get(name, signal);
  if (found === undefined || !isTheirs(found)) return true;
  // By its name: one that was lost and created again is another object than the one that memory has.
  if (attachments.of(attachment).some(({ metadata }) => metadata.name === name)) {
    attachments.putRead(found);
    return true;
  }
  const outcome = await releaseLease(store, found, { isStillOurs: isTheirs, signal, origin, keeping });
  if (outcome === "released") log.info({ ip: found.spec.address, pool: found.spec.pool }, "pending lease released");
  return outcome === "released";
}
