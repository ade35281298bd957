import type { Address } from "@cluster-ipam/ip";
import { type AllocationCall, type AllocatorDeps, writeContext } from "./allocation.ts";
import { createLease } from "./certain-write.ts";
import { draftLease } from "./claimant.ts";
import type { Taken } from "./lease-end.ts";
import type { RangeSet } from "./range-set.ts";

/** Creates the lease of an address for the call's claimant; undefined when there is one already. */
export async function createNew(
  set: RangeSet,
  address: Address,
  call: AllocationCall,
  deps: AllocatorDeps,
): Promise<Taken | undefined> {
  const origin = { kind: "new" } as const;
  const lease = await createLease(draftLease(call.claimant, set, address), writeContext(call, deps, origin));
  return lease === undefined ? undefined : { lease, origin };
}
