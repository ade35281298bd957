import type { IPLease } from "@cluster-ipam/api";
import type { ReconcileFinding } from "../agent-meter.ts";

/** Whether an agent compares its leases with its node: not at all, without changing anything, or in earnest. */
export const RECONCILE_MODES = ["off", "dry-run", "on"] as const;

/** One of {@link RECONCILE_MODES}. */
export type ReconcileMode = (typeof RECONCILE_MODES)[number];

/** One lease in the answer to a round. */
export interface ReportedLease {
  readonly finding: ReconcileFinding;
  readonly ip: string;
  readonly pool: string;
  readonly network: string;
  /** `namespace/name`; "" without a pod. */
  readonly pod: string;
  readonly containerId: string;
  readonly ifName: string;
  readonly reason: string;
}

/** What one round found and did. */
export interface ReconcileReport {
  readonly mode: ReconcileMode;
  /** Leases that the agent knows of its node, after the round. */
  readonly leases: number;
  /** What was done, or, in a dry run, would have been. */
  readonly done: readonly ReportedLease[];
  /** What something speaks against: released once a later round, long enough after this one, finds the same. */
  readonly suspected: readonly ReportedLease[];
  /** What could not be found out or done; it is tried again. */
  readonly failures: readonly string[];
}

/** One line of a report. */
export function reportedLease({ spec }: IPLease, finding: ReconcileFinding, reason: string): ReportedLease {
  const { address: ip, pool, network, pod, containerID: containerId, ifName } = spec;
  const podName = pod === undefined ? "" : `${pod.namespace}/${pod.name}`;
  return { finding, ip, pool, network, pod: podName, containerId, ifName, reason };
}
