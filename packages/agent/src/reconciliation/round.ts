import type { NodePods } from "@cluster-ipam/allocator";
import type { IPLease } from "@cluster-ipam/api";
import type { AgentContext } from "../agent-context.ts";
import type { Journal } from "./journal.ts";
import type { Suspicions } from "./suspicions.ts";

/** What outlives one round: since when something speaks against which lease. */
export interface Evidence {
  /** Leases whose sandbox is gone. */
  readonly gone: Suspicions;
  /** Leases whose sandbox nobody sees, and whose pod is gone. */
  readonly podless: Suspicions;
  /** Leases that keep the address of a living sandbox from it, and whose own sandbox is gone. */
  readonly squatters: Suspicions;
  /** Leases that were created anew under an attachment whose sandbox is gone. */
  readonly ousted: Suspicions;
  /** Uids of the leases whose second holder has been told of since the last list. */
  readonly told: Set<string>;
  /** Leases of living attachments that the server does not show as theirs: looked at again in each round. */
  readonly unsettled: Set<string>;
  /** Whether the log has been told that the node's namespaces are out of sight. */
  isBlindnessTold: boolean;
}

/** One look at everything: what it works with, and where it tells what it does. */
export interface Round {
  readonly agent: AgentContext;
  readonly pods: NodePods;
  readonly evidence: Evidence;
  readonly journal: Journal;
  readonly isDryRun: boolean;
  readonly signal: AbortSignal;
}

/** Bound of what is asked and done about one lease. */
const LEASE_TIMEOUT_MS = 15_000;

/** The round's signal, and a bound for one lease. */
export function boundedSignal({ signal }: Round): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(LEASE_TIMEOUT_MS)]);
}

/**
 * Whether a lease is held by an attachment of `node`, so that its agent answers for it: neither a reservation that
 * nobody uses, nor cooling down, nor retained.
 */
export function isAttachedTo(node: string, { spec }: IPLease): boolean {
  return spec.node === node && spec.containerID !== "" && spec.releasedAt === undefined;
}
