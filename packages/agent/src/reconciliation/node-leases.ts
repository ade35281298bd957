import type { IPLease } from "@cluster-ipam/api";
import type { AgentContext } from "../agent-context.ts";
import { whileReachable } from "../api-circuit.ts";
import { LATE_WRITE_MS } from "../attachments/attachments.ts";
import { adopt } from "./adoption.ts";

/** Wait between two attempts at a list: 500 ms, doubled each time, at most 10 s. */
const RETRY = { firstMs: 500, maxMs: 10_000 } as const;
/** Bound of one attempt, so that what keeps the list from being read is told to callers and to the log. */
const LIST_TIMEOUT_MS = 15_000;

/** Takes in a list that began at `listedAtMs`; `bounded` ends what it asks of the server. */
type TakeList = (leases: readonly IPLease[], listedAtMs: number, bounded: AbortSignal) => void | Promise<void>;

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
  agent.attachments.lateListIsDue(true);
  await agent.clock.sleep(LATE_WRITE_MS, signal);
  await untilListed(agent, signal, async (leases, _listedAtMs, bounded) => {
    const unknown = leases.filter(({ metadata }) => agent.attachments.byName(metadata.name) === undefined);
    for (const lease of unknown) await adopt(lease, agent, bounded);
    agent.attachments.lateListIsDue(false);
  });
}

async function untilListed(agent: AgentContext, signal: AbortSignal, take: TakeList): Promise<void> {
  const { attachments, clock, log } = agent;
  for (let waitMs: number = RETRY.firstMs; !signal.aborted; waitMs = Math.min(waitMs * 2, RETRY.maxMs)) {
    try {
      await listOnce(agent, signal, take);
      return;
    } catch (err) {
      if (signal.aborted) return;
      attachments.loadFailed(err);
      log.warn({ err }, "node's leases could not be read and will be tried again");
      await clock.sleep(waitMs, signal);
    }
  }
}

async function listOnce(agent: AgentContext, signal: AbortSignal, take: TakeList): Promise<void> {
  using bounded = whileReachable(agent, signal, AbortSignal.timeout(LIST_TIMEOUT_MS));
  const listedAtMs = agent.clock.nowMs();
  await take(await agent.nodeLeases.since(listedAtMs, bounded.signal), listedAtMs, bounded.signal);
}
