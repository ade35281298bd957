import { isAttachedTo, type Round } from "./round.ts";
import { sandboxState } from "./sandbox-state.ts";
import { releaseStale } from "./stale-release.ts";

/** Two looks so far apart must both find the namespace gone. */
export const SANDBOX_PATIENCE_MS = 60_000;

const REASON = "its network namespace is gone";

/** Releases the leases whose network namespace is gone; asks nothing of the server before that is certain. */
export async function releaseGoneSandboxes(round: Round): Promise<void> {
  const { agent, evidence, journal } = round;
  const suspicions = evidence.gone;
  suspicions.beginLook();
  for (const lease of agent.attachments.all()) {
    if (!isAttachedTo(agent.node, lease) || sandboxState(lease, agent.sandboxes) !== "gone") continue;
    if (!suspicions.isConfirmed(lease, agent.clock.nowMs())) {
      journal.suspect(lease, "sandbox-gone", REASON);
      continue;
    }
    await releaseStale(
      lease,
      {
        finding: "sandbox-gone",
        reason: REASON,
        suspicions,
        isStale: (found) => sandboxState(found, agent.sandboxes) === "gone",
      },
      round,
    );
  }
  suspicions.endLook();
}
