import type { IPLease } from "@cluster-ipam/api";

/** What this node knows of the leases that it holds. It may be out of date: it only says what is worth a try. */
export interface OwnLeases {
  /** A lease of this node by its name. */
  byName(name: string): IPLease | undefined;
  /** Leases of this node whose `holder` is this one. */
  byHolder(holder: string): readonly IPLease[];
  /** The attachment of `lease` does not have it any more. */
  drop(lease: IPLease): void;
  /** Whether the sandbox of a lease of this node is known to be gone. */
  isSandboxGone(lease: IPLease): boolean;
}
