import { type IPLease, leaseName } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import { type Address, formatAddress, parseAddress } from "@cluster-ipam/ip";
import { type AllocatorDeps, hasTaken, type Progress } from "./allocation.ts";
import { describeHolder } from "./claimant.ts";
import { createNew } from "./create-new.ts";
import { describeObstacle } from "./holder-state.ts";
import type { Taken } from "./lease-end.ts";
import { type RangeSet, subnetOf } from "./range-set.ts";
import { mayTakeOver, takeOver } from "./take-over.ts";

/**
 * Takes this one address: free, reserved or kept for the claimant, left by an earlier call for the attachment, or to be
 * taken over.
 *
 * @throws IpamError `address-taken` that names the holder, and what speaks against it; `bad-config` when it is reserved
 * for the claimant with another prefix length than that of its subnet
 */
export async function takeFixed(set: RangeSet, address: Address, call: Progress, deps: AllocatorDeps): Promise<Taken> {
  const name = leaseName(address, set.addressSpace);
  call.hold.add(name);
  for (;;) {
    call.signal.throwIfAborted();
    if (hasTaken(call, name)) throw wantedTwice(address);
    const created = await createNew(set, address, call, deps);
    if (created !== undefined) return created;
    call.onTaken?.();
    const held = await deps.store.get(name, call.signal);
    // Gone since the create: free again.
    if (held === undefined) continue;
    const taken = await takeOver(held, set, call, deps);
    if (taken !== undefined) return taken;
    if (!(await mayTakeOver(held, call, deps))) throw await addressTaken(address, held, call, deps);
    refuseOtherPrefix(held, set);
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
  if (held.spec.node === "") {
    return new IpamError("address-taken", `${text}: kubectl delete iplease ${held.metadata.name} frees it`);
  }
  const obstacle = describeObstacle(held, await holders.look(held, signal));
  return new IpamError("address-taken", obstacle === undefined ? text : `${text}; ${obstacle}`);
}

/** The prefix length of a lease is what the interface gets, and immutable: one that a hand has mistyped must not win. */
function refuseOtherPrefix({ metadata, spec }: IPLease, set: RangeSet): void {
  if (spec.reserved === undefined) return;
  const address = parseAddress(spec.address);
  const expected = address === undefined ? undefined : subnetOf(set, address)?.cidr.prefixLength;
  if (expected === undefined || expected === spec.prefixLength) return;
  const subnet = set.pool === "" ? "the ipam section has it" : `the subnet of pool ${set.pool} has it`;
  throw new IpamError(
    "bad-config",
    `address ${spec.address} is reserved (${spec.reserved.reason}) with prefixLength ${spec.prefixLength}, and ${subnet} as a /${expected}: ` +
      `delete the reservation (kubectl delete iplease ${metadata.name}) and make it again with prefixLength ${expected}`,
  );
}

function wantedTwice(address: Address): IpamError {
  const text = `address ${formatAddress(address)} is wanted twice by this call: two pools, or a pool and a key of the ipam section, give the pod the same one`;
  return new IpamError("bad-config", text);
}
