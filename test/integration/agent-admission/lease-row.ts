import type { IPLeaseSpec } from "@cluster-ipam/api";

/** What of an object's metadata decides when the object goes. */
export interface HoldingMetadata {
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly object[];
}

/** One write of a lease by the agent of n1. */
export interface LeaseRow {
  readonly title: string;
  /** What an administrator has made of the address before; nothing for a create. */
  readonly before?: IPLeaseSpec;
  /** What is on that lease besides. */
  readonly metadataBefore?: HoldingMetadata;
  /** What the agent makes of it; nothing for a delete. */
  readonly after?: IPLeaseSpec;
  /** What the agent puts there; it leaves alone what was there when absent. */
  readonly metadata?: HoldingMetadata;
  /** What the refusal says; none where the write is allowed. */
  readonly refusal?: string;
}

/** A finalizer that nobody removes. */
export const FINALIZED: HoldingMetadata = { finalizers: ["example.org/wait"] };
/** An owner that is not there: the garbage collector deletes what belongs to it. */
export const OWNED: HoldingMetadata = {
  ownerReferences: [{ apiVersion: "v1", kind: "ConfigMap", name: "gone", uid: "00000000-0000-4000-8000-000000000000" }],
};
