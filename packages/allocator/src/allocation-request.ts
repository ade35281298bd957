import type { IPPoolSpec, PoolRange, Strategy } from "@cluster-ipam/api";
import type { Address, Cidr } from "@cluster-ipam/ip";

/** A fixed address that was asked for; `source` is the key that holds it, for messages. */
export interface FixedAddress {
  readonly address: Address;
  /** Undefined when the address came without a prefix length. */
  readonly prefixLength: number | undefined;
  readonly source: string;
}

/** An address that the section itself names: no pool stands behind it, its lease names none. */
export interface NamedAddress {
  /** The address with its host bits, and the prefix length of its subnet. */
  readonly cidr: Cidr;
  readonly gateway: Address | undefined;
  /** The key that holds it, for messages. */
  readonly source: string;
}

/** Which pool is to serve the call (design: "Which pool serves a call"). */
export type PoolChoice =
  /** `ipam.pool` or `ipam.pools`. */
  | { readonly kind: "named"; readonly names: readonly string[] }
  /** Ranges in the ipam section: one address from each set, chosen by the section's strategy. */
  | {
      readonly kind: "inline";
      readonly sets: readonly (readonly PoolRange[])[];
      readonly strategy: Strategy;
      readonly index: IPPoolSpec["index"];
      /** The blocks that nodes claim of the ranges; undefined where all nodes hand out of all of them. */
      readonly nodeBlocks: IPPoolSpec["nodeBlocks"];
    }
  /** Neither: the pool named as the network, else the default pool. */
  | { readonly kind: "network" }
  /** None: the section names its addresses itself. */
  | { readonly kind: "none" };

/** What an ipam section asks for, whichever dialect it was written in. */
export interface AllocationRequest {
  readonly choice: PoolChoice;
  /** Addresses of the section's own, beside what the pools give. */
  readonly named: readonly NamedAddress[];
  /** Space of inline ranges and of the named addresses; "" is the default one. A pool has its own. */
  readonly addressSpace: string;
  /** The pod's number (`ipam.index`) for strategy Index; undefined: the pod's name has it. */
  readonly podNumber: bigint | undefined;
  readonly fixed: readonly FixedAddress[];
  /** Routes of the section; undefined when it has none and the pool's stand. */
  readonly routes: IPPoolSpec["routes"];
  /** DNS of the section; undefined when it has none and the pool's stands. */
  readonly dns: IPPoolSpec["dns"];
}
