import type { IPPoolSpec, PoolRange } from "@cluster-ipam/api";
import type { Address } from "@cluster-ipam/ip";

/** A fixed address that was asked for; `source` is the key that holds it, for messages. */
export interface FixedAddress {
  readonly address: Address;
  /** Undefined when the address came without a prefix length. */
  readonly prefixLength: number | undefined;
  readonly source: string;
}

/** Which pool is to serve the call (design: "Which pool serves a call"). */
export type PoolChoice =
  /** `ipam.pool` or `ipam.pools`. */
  | { readonly kind: "named"; readonly names: readonly string[] }
  /** Ranges in the ipam section: one address from each set. */
  | { readonly kind: "inline"; readonly sets: readonly (readonly PoolRange[])[]; readonly addressSpace: string }
  /** Neither: the pool named as the network, else the default pool. */
  | { readonly kind: "network" };

/** What an ipam section asks for, whichever dialect it was written in. */
export interface AllocationRequest {
  readonly choice: PoolChoice;
  readonly fixed: readonly FixedAddress[];
  /** Routes of the section; undefined when it has none and the pool's stand. */
  readonly routes: IPPoolSpec["routes"];
  /** DNS of the section; undefined when it has none and the pool's stands. */
  readonly dns: IPPoolSpec["dns"];
}
