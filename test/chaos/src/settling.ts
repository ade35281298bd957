import { type ControlPlane, listLeases, waitFor } from "@cluster-ipam/test-integration";
import type { AgentKeeper } from "./agent-keeper.ts";
import type { Ledger } from "./ledger.ts";
import { leasesLeftBehind } from "./verdict.ts";
import type { Violation } from "./violation.ts";

/** Agents try at least every ten seconds what is pending; the machine may be busy. */
const CERTAIN_TIMEOUT_MS = 60_000;
/**
 * Two looks at the sandboxes, a minute apart, after two minutes in which a write of an earlier agent may still come; and
 * as much again.
 */
const RECONCILED_TIMEOUT_MS = 300_000;
const LOOK_EVERY_MS = 1_000;
/** Between two wishes for a look at the sandboxes. */
const ASK_EVERY_MS = 10_000;

/** What is waited on. */
export interface Settling {
  readonly controlPlane: ControlPlane;
  readonly agents: readonly AgentKeeper[];
  readonly ledger: Ledger;
  readonly signal: AbortSignal;
  /** Whether something was told before: it is not waited for again. */
  readonly isTold: (violation: Violation) => boolean;
  /** Whether nothing may be pending in the end, either. */
  readonly isPatient?: boolean;
}

/** Waits for the leases to go that need no reconciliation. @returns what is left of them after a minute */
export async function untilReleased(settling: Settling): Promise<readonly Violation[]> {
  return await untilNothingIsLeft(settling, "certain", CERTAIN_TIMEOUT_MS);
}

/**
 * Waits until the agents have compared their leases with the sandboxes and, with patience, nothing is pending.
 *
 * @returns what is left after some minutes
 */
export async function untilReconciled(settling: Settling): Promise<readonly Violation[]> {
  const asking = new AbortController();
  const asked = askUntil(settling, asking.signal);
  try {
    const left = await untilNothingIsLeft(settling, "all", RECONCILED_TIMEOUT_MS);
    return settling.isPatient === true ? [...left, ...(await stillPending(settling))] : left;
  } finally {
    asking.abort();
    await asked;
  }
}

async function untilNothingIsLeft(
  { controlPlane, ledger, signal, isTold }: Settling,
  which: "certain" | "all",
  timeoutMs: number,
): Promise<readonly Violation[]> {
  let left: readonly Violation[] = [];
  const isNothing = async (): Promise<true | undefined> => {
    left = leasesLeftBehind(ledger, await listLeases(controlPlane), which).filter((one) => !isTold(one));
    return left.length === 0 ? true : undefined;
  };
  await waitFor(isNothing, { what: "leases to go", timeoutMs, intervalMs: LOOK_EVERY_MS, signal }).catch(
    (error: unknown) => {
      if (left.length === 0) throw error;
    },
  );
  return left;
}

async function stillPending({ agents, signal }: Settling): Promise<readonly Violation[]> {
  let text = "";
  const isSettled = async (): Promise<true | undefined> => {
    const healths = await Promise.all(agents.map((agent) => agent.health()));
    text = JSON.stringify(healths);
    const isNone = healths.every((health) => health?.pendingReleases === 0 && health.spooledReleases === 0);
    return isNone ? true : undefined;
  };
  const wait = { what: "pending releases", timeoutMs: RECONCILED_TIMEOUT_MS, intervalMs: LOOK_EVERY_MS, signal };
  const isSettledInTime = await waitFor(isSettled, wait).catch(() => false as const);
  return isSettledInTime ? [] : [{ rule: "still-pending", text, containerIds: [] }];
}

async function askUntil({ agents }: Settling, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await Promise.all(agents.map((agent) => agent.reconcile()));
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ASK_EVERY_MS);
      signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
    });
  }
}
