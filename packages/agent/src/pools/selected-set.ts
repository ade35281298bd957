import type { RangeSet } from "@cluster-ipam/allocator";
import type { IPPoolSpec } from "@cluster-ipam/api";

/** A range set, and how an address of it is chosen: by its pool's rule, or by that of the inline ranges. */
export interface SelectedSet extends Pick<IPPoolSpec, "strategy"> {
  readonly set: RangeSet;
  /** How strategy Index counts; absent means from the start, by the pod's name. */
  readonly index: IPPoolSpec["index"];
  /** Whether the pool keeps addresses for their pods. */
  readonly retains: boolean;
}
