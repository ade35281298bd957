import type { FixedAddress } from "@cluster-ipam/allocator";
import { IpamError } from "@cluster-ipam/errors";
import { formatAddress } from "@cluster-ipam/ip";
import type { KnownPool } from "../server-facts/known-pool.ts";
import { keptAddresses } from "./kept-addresses.ts";
import { refusalOf } from "./pool-admission.ts";
import type { PoolCall } from "./pool-call.ts";
import type { SelectedSet } from "./selected-set.ts";

/**
 * Refuses a fixed address of a pool that was passed over since it does not serve the call: that the address is in no
 * range would be said to somebody who reads the range in a pool that the section names.
 *
 * @throws IpamError `pool-not-allowed` that names the address, the pool and its selector
 */
export async function refuseForeignAddress(
  fixed: readonly FixedAddress[],
  sets: readonly SelectedSet[],
  passedOver: readonly KnownPool[],
  call: PoolCall,
): Promise<void> {
  for (const { address, source } of passedOver.length === 0 ? [] : fixed) {
    if (sets.some(({ set }) => set.addresses.has(address))) continue;
    const owner = passedOver.find((known) => keptAddresses(known, []).some((kept) => kept.has(address)));
    const refusal = owner === undefined ? undefined : await refusalOf(owner.pool, call);
    if (refusal === undefined) continue;
    const text = `${source}: address ${formatAddress(address)} is of a pool that is not for this pod: ${refusal}`;
    throw new IpamError(
      "pool-not-allowed",
      `${text}: ask for an address of another pool, or run the pod where this one serves`,
    );
  }
}
