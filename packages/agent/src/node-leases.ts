import type { IPLease } from "@cluster-ipam/api";
import type { AgentContext } from "./agent-context.ts";
import { whileReachable } from "./api-circuit.ts";
import { LATE_WRITE_MS } from "./attachments.ts";

/** Wait between two attempts at a list: 500 ms, doubled each time, at most 10 s. */
const RETRY = { firstMs: 500, maxMs: 10_000 } as const;
/** Bound of one attempt, so that what keeps the list from being read is told to callers and to the log. */
const LIST_TIMEOUT_MS = 15_000;

/** Reads the leases of the node until that has worked, or `signal` aborts: before, nobody can tell what it holds. */
export function readNodeLeases(agent: AgentContext, signal: AbortSignal): Promise<void> {
  const { attachments, log } = agent;
  return untilListed(agent, signal, (leases, listedAtMs) => {
    attachments.load(leases, listedAtMs);
    log.info({ leases: attachments.size }, "node's leases read");
  });
}

/**
 * Reads them once more when an earlier process can have nothing under way any longer: what that wrote after the first
 * list has then come.
 */
export async function readLateLeases(agent: AgentContext, signal: AbortSignal): Promise<void> {
  await agent.clock.sleep(LATE_WRITE_MS, signal);
  await untilListed(agent, signal, (leases) => agent.attachments.addUnknown(leases));
}

async function untilListed(
  agent: AgentContext,
  signal: AbortSignal,
  take: (leases: readonly IPLease[], listedAtMs: number) => void,
): Promise<void> {
  const { attachments, clock, log } = agent;
  for (let waitMs: number = RETRY.firstMs; !signal.aborted; waitMs = Math.min(waitMs * 2, RETRY.maxMs)) {
    try {
      const listedAtMs = clock.nowMs();
      take(await listOnce(agent, listedAtMs, signal), listedAtMs);
      return;
    } catch (err) {
      if (signal.aborted) return;
      attachments.loadFailed(err);
      log.warn({ err }, "node's leases could not be read and will be tried again");
      await clock.sleep(waitMs, signal);
    }
  }
}

async function listOnce(agent: AgentContext, sinceMs: number, signal: AbortSignal): Promise<readonly IPLease[]> {
  using bounded = whileReachable(agent, AbortSignal.any([signal, AbortSignal.timeout(LIST_TIMEOUT_MS)]));
  return await agent.nodeLeases.since(sinceMs, bounded.signal);
}
