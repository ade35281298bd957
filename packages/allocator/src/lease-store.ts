import type { IPLease } from "@cluster-ipam/api";

/** Names one version of one lease: a write that carries it cannot hit a newer holder. */
export interface LeaseVersion {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** The write may or may not have happened: only a read, or the same write again, can tell. */
export interface UnknownOutcome {
  readonly kind: "unknown";
  readonly cause: unknown;
  /** The server has surely not begun it: it asked to come back later, or could not be reached. */
  readonly isNotBegun?: boolean;
  /** How long the server wants to be left alone. */
  readonly retryAfterMs?: number | undefined;
}

/** What became of a create; `taken` means that an object of that name exists, whoever made it. */
export type CreateOutcome =
  | { readonly kind: "created"; readonly lease: IPLease }
  | { readonly kind: "taken" }
  | UnknownOutcome;

/** What became of a replace; `changed` means that the lease is not at the given version any more. */
export type ReplaceOutcome =
  | { readonly kind: "replaced"; readonly lease: IPLease }
  | { readonly kind: "changed" }
  | { readonly kind: "gone" }
  | UnknownOutcome;

/** What became of a delete; `changed` as for a replace. */
export type DeleteOutcome =
  | { readonly kind: "deleted" }
  | { readonly kind: "changed" }
  | { readonly kind: "gone" }
  | UnknownOutcome;

/**
 * Where leases live. One object per address, named by it: creating the object is the allocation.
 *
 * Writes make one attempt, bounded by a time-out of the store's own, and never throw for what the network did: that is
 * `unknown`. They throw IpamError `apiserver-refused` or `object-refused` where the server said no for good; nothing
 * was written then. Reads repeat until they have an answer or `signal` ends them (IpamError `apiserver-unreachable`),
 * and are consistent: they see every write that was answered before they began.
 */
export interface LeaseStore {
  /** Creates `lease`, whose name must not exist yet. After `unknown` it may exist, now or some seconds later. */
  create(lease: IPLease): Promise<CreateOutcome>;
  /** Replaces the lease that has the uid and resourceVersion in `lease.metadata`. After `unknown`: either version. */
  replace(lease: IPLease): Promise<ReplaceOutcome>;
  /** Deletes exactly this version of the lease. After `unknown` it may be gone, now or some seconds later. */
  delete(version: LeaseVersion): Promise<DeleteOutcome>;
  /** The lease as the server has it now. */
  get(name: string, signal: AbortSignal): Promise<IPLease | undefined>;
  /** All leases of a node. Costs the server a scan of all leases: rare by design. */
  listByNode(node: string, signal: AbortSignal): Promise<IPLease[]>;
  /** All leases with this `spec.holder`, of any node. Costs the server the same scan. */
  listByHolder(holder: string, signal: AbortSignal): Promise<IPLease[]>;
  /**
   * Names of all leases of a pool, or of all there are where it is undefined; read by pages and without bodies, started
   * over when the server forgets a page.
   */
  listNames(pool: string | undefined, signal: AbortSignal): Promise<string[]>;
}
