import type { PoolRange, Strategy } from "@cluster-ipam/api";
import type { ZoneSelector } from "./zone-selector.ts";

/** The model's subnets have sixteen addresses each; a number in [0, 15] stands for one of them. */
export type HostNumber = number;

/** The number of a subnet's last address. */
export const LAST_NUMBER: HostNumber = 15;
/** The subnet of each family that all ranges lie in. */
export const SUBNET = { 4: "10.0.0.0/28", 6: "fd00::/124" } as const;

const PREFIX = { 4: "10.0.0.", 6: "fd00::" } as const;

/** One range of a pool. */
export interface RangePlan {
  readonly family: 4 | 6;
  readonly start: HostNumber;
  readonly end: HostNumber;
  readonly gateway: HostNumber | undefined;
  readonly exclude: readonly HostNumber[];
  readonly assign: NonNullable<PoolRange["assign"]>;
}

/** For how long addresses are kept after their release. */
export interface KeepPlan {
  /** 0: they do not cool down. */
  readonly coolDownSeconds: number;
  readonly retain: { readonly policy: "StatefulSet" | "Always"; readonly seconds: number } | undefined;
}

/** What a pool hands out. */
export interface PoolPlan {
  readonly name: string;
  readonly addressSpace: string;
  readonly strategy: Strategy;
  readonly ranges: readonly RangePlan[];
  /** Undefined: an address that is given back is free at once. */
  readonly keep?: KeepPlan;
  /** Prefix length of the blocks that nodes claim, of a pool of one family; undefined: it has none. */
  readonly blockLength?: number;
  /** Undefined: it serves every node. */
  readonly nodeSelector?: ZoneSelector;
  /** Undefined: it serves every namespace. */
  readonly namespaceSelector?: ZoneSelector;
  /** It hands out the networks of each node's pods; `ranges` only says of which families these are. */
  readonly isOfPodCidrs?: boolean;
}

/** A network configuration that people write: where its ipam section sends the call. */
export interface NetworkPlan {
  readonly name: string;
  /** `bare`: to the pool named as the network. `named`: to that pool by `pool`. `inline`: to ranges of its own. */
  readonly kind: "bare" | "named" | "inline";
  /** What serves the network; of an inline one its own ranges, with a gateway each as host-local has it. */
  readonly pool: PoolPlan;
}

/** `10.0.0.5` or `fd00::5`. */
export function addressText(family: 4 | 6, number: HostNumber): string {
  if (family === 4) return `${PREFIX[4]}${number}`;
  return number === 0 ? PREFIX[6] : `${PREFIX[6]}${number.toString(16)}`;
}

/** Families of the addresses that an ADD on the network gets, one address each. */
export function familiesOf({ pool }: NetworkPlan): ReadonlySet<4 | 6> {
  return new Set(pool.ranges.map(({ family }) => family));
}
