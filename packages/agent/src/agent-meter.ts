import type { Command } from "@cluster-ipam/cni";

/** All of {@link ReconcileFinding}. */
export const RECONCILE_FINDINGS = [
  /** Its network namespace is gone. */
  "sandbox-gone",
  /** Its namespace was never seen, and its pod is gone. */
  "pod-gone",
  /** It was missing on the server while its sandbox lives. */
  "recreated",
  /** Somebody else has the address of a living sandbox. */
  "duplicate-holder",
  /** The server has it for this node, and memory had not. */
  "adopted",
] as const;

/** What reconciliation did to a lease, or found and left alone. */
export type ReconcileFinding = (typeof RECONCILE_FINDINGS)[number];

/** What became of a block of this node; `lost` is deleted by hand, or another node's by now. */
export type BlockChange = "claimed" | "returned" | "lost";

/** What an agent counts: one method for each thing that happens. None may throw or wait. */
export interface AgentMeter {
  /** A call was answered; `cniCode` is 0 for success. */
  callEnded(command: Command | "invalid", cniCode: number, durationMs: number): void;
  /** An ADD that looked for addresses has ended: how many of its creates found the name taken. */
  addressesSearched(conflicts: number): void;
  /** A request to the API server has ended; status 0 where there was no answer. */
  requestEnded(method: string, status: number, durationMs: number): void;
  /** A request to the API server is made again within a call, the one before having had no usable answer. */
  requestRetried(): void;
  /** A file of the spool was no release. */
  spoolFileSetAside(): void;
  /** A release could not be written to the spool. */
  spoolWriteFailed(): void;
  /** Reconciliation did something, or, in a dry run, would have. */
  reconciled(finding: ReconcileFinding, isDryRun: boolean): void;
  /** The node has a block more, or one less. */
  blockChanged(change: BlockChange): void;
}

/** Counts nothing. */
export const NO_METER: AgentMeter = {
  callEnded: () => undefined,
  addressesSearched: () => undefined,
  requestEnded: () => undefined,
  requestRetried: () => undefined,
  spoolFileSetAside: () => undefined,
  spoolWriteFailed: () => undefined,
  reconciled: () => undefined,
  blockChanged: () => undefined,
};
