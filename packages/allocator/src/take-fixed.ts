import { type IPLease, leaseName } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import { type Address, formatAddress } from "@cluster-ipam/ip";
import { type AllocatorDeps, hasTaken, type Progress, writeContext } from "./allocation.ts";
import { createLease } from "./certain-write.ts";
import { describeHolder, draftLease } from "./claimant.ts";
import { describeObstacle } from "./holder-state.ts";
import type { RangeSet } from "./range-set.ts";
import { mayTakeOver, takeOver } from "./take-over.ts";

/**
 * Takes this one address: free, left by an earlier call for the attachment, or to be taken over.
 *
 * @throws IpamError `address-taken` that names the holder, and what speaks against it
 */
export async function takeFixed(
  set: RangeSet,
  address: Address,
  call: Progress,
  deps: AllocatorDeps,
): Promise<IPLease> {
  const name = leaseName(address, set.addressSpace);
  for (;;) {
    call.signal.throwIfAborted();
    if (hasTaken(call, name)) throw wantedTwice(address);
    const created = await createLease(draftLease(call.claimant, set, address), writeContext(call, deps));
    if (created !== undefined) return created;
    call.onTaken?.();
    const held = await deps.store.get(name, call.signal);
    // Gone since the create: free again.
    if (held === undefined) continue;
    const lease = await takeOver(held, set, call, deps);
    if (lease !== undefined) return lease;
    if (!mayTakeOver(held, call.claimant, deps.own)) throw await addressTaken(address, held, call, deps);
  }
}

async function addressTaken(
  address: Address,
  held: IPLease,
  { signal }: Progress,
  { holders }: AllocatorDeps,
): Promise<IpamError> {
  const text = `address ${formatAddress(address)} is held by ${describeHolder(held)}`;
  // A reservation and a lease that is kept have no node: there is nothing to look at.
  if (held.spec.node === "") return new IpamError("address-taken", text);
  const obstacle = describeObstacle(held, await holders.look(held, signal));
  return new IpamError("address-taken", obstacle === undefined ? text : `${text}; ${obstacle}`);
}

function wantedTwice(address: Address): IpamError {
  const text = `address ${formatAddress(address)} is wanted twice by this call: two pools, or a pool and a key of the ipam section, give the pod the same one`;
  return new IpamError("bad-config", text);
}
