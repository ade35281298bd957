import type { IPLease } from "@cluster-ipam/api";
import { parseAddress } from "@cluster-ipam/ip";
import { type AllocatorDeps, type Claim, hasTaken, type Progress } from "./allocation.ts";
import { holderOf } from "./claimant.ts";
import type { Taken } from "./lease-end.ts";
import type { RangeSet } from "./range-set.ts";
import { takeOver } from "./take-over.ts";

/**
 * Takes over what the pool has kept for the claimant's holder, or what an earlier pod of that name has left on this
 * node: one list for the whole call and one replace. Undefined where there is nothing that the set still hands out.
 */
export async function takeKept(
  { set, retains }: Claim,
  call: Progress,
  deps: AllocatorDeps,
): Promise<Taken | undefined> {
  if (retains !== true || holderOf(call.claimant) === "") return undefined;
  for (const lease of await call.listOfHolder()) {
    const address = parseAddress(lease.spec.address);
    const isInSet = address !== undefined && lease.spec.addressSpace === set.addressSpace && set.open.has(address);
    if (!isInSet || hasTaken(call, lease.metadata.name)) continue;
    const taken = (await takeOver(lease, set, call, deps)) ?? (await takeOverChanged(lease, set, call, deps));
    if (taken !== undefined) return taken;
  }
  return undefined;
}

/**
 * Between list and replace the controller may have written into a kept lease what is left of its time: it is kept for
 * the claimant as before, in another version.
 */
async function takeOverChanged(
  before: IPLease,
  set: RangeSet,
  call: Progress,
  deps: AllocatorDeps,
): Promise<Taken | undefined> {
  if (before.spec.containerID !== "") return undefined;
  const lease = await deps.store.get(before.metadata.name, call.signal);
  const isKeptAnew =
    lease?.spec.containerID === "" && lease.metadata.resourceVersion !== before.metadata.resourceVersion;
  return isKeptAnew ? takeOver(lease, set, call, deps) : undefined;
}
