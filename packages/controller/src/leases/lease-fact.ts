import type { IPLease } from "@cluster-ipam/api";
import { type Address, parseAddress } from "@cluster-ipam/ip";

/** `attached`: a sandbox has it. `reserved`: kept by hand. `kept`: released, and cooling down or retained. */
export type LeaseState = "attached" | "reserved" | "kept";

/** What the controller remembers of a lease: there may be half a million of them. */
export interface LeaseFact {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly address: Address;
  readonly addressSpace: string;
  readonly pool: string;
  readonly state: LeaseState;
  /** "" while nobody is attached. */
  readonly node: string;
  /** `namespace/name/ifName`; "" without a pod. */
  readonly holder: string;
  /** When it was released, as its node had it; "" while it is not. Tells one release from another, and no time. */
  readonly releasedAt: string;
  /** For how long a released lease is kept; undefined: as its pool says today. */
  readonly keepSeconds: number | undefined;
}

/** What is remembered of `lease`; undefined where its address is none, which the server does not let happen. */
export function leaseFact({ metadata, spec }: IPLease): LeaseFact | undefined {
  const address = parseAddress(spec.address);
  if (address === undefined) return undefined;
  const { name, uid = "", resourceVersion = "" } = metadata;
  const { addressSpace, pool, node, holder } = spec;
  return {
    name,
    uid,
    resourceVersion,
    address,
    addressSpace,
    pool,
    state: stateOf(spec),
    node,
    holder,
    releasedAt: spec.releasedAt ?? "",
    keepSeconds: spec.keepSeconds,
  };
}

function stateOf({ containerID, reserved }: IPLease["spec"]): LeaseState {
  if (containerID !== "") return "attached";
  return reserved === undefined ? "kept" : "reserved";
}
