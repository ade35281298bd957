import type { IPLease, IPLeaseSpec } from "@cluster-ipam/api";
import type { Keeping } from "./keeping.ts";

/** What a lease was before the call that has it: an undo makes that of it again. */
export type Origin =
  /** Nobody had the address. */
  | { readonly kind: "new" }
  /** It was kept for the claimant. */
  | { readonly kind: "kept"; readonly spec: IPLeaseSpec }
  /** An earlier call was answered with it, so that the address has been in use. */
  | { readonly kind: "held" };

/** A lease that a call has, and what it was before. */
export interface Taken {
  readonly lease: IPLease;
  readonly origin: Origin;
}

/** How the end of a lease is found out. */
export interface EndRules {
  readonly keeping: Keeping;
  /** `held` when absent: a release, and no undo. */
  readonly origin?: Origin;
  readonly signal: AbortSignal;
}

/** What a lease is before a call takes it over. */
export function originOf({ spec }: IPLease): Origin {
  if (spec.containerID !== "") return { kind: "held" };
  return spec.releasedAt === undefined ? { kind: "new" } : { kind: "kept", spec };
}

/**
 * What becomes of `lease` when its attachment gives it back: what its specification is from then on, or undefined where
 * it is deleted. This is the one place where that is decided.
 *
 * @throws IpamError `apiserver-unreachable` when the signal ends the look at the pool
 */
export async function endOf(lease: IPLease, { keeping, origin, signal }: EndRules): Promise<IPLeaseSpec | undefined> {
  const { spec, metadata } = lease;
  // It goes when its last finalizer does, and takes no write until then.
  if (metadata.deletionTimestamp !== undefined) return undefined;
  if (spec.reserved !== undefined) return reservation(spec);
  if (origin?.kind === "new") return undefined;
  // Immutable in a lease, and not those of before where it had to be made again.
  const { prefixLength, pool } = spec;
  if (origin?.kind === "kept") return { ...origin.spec, prefixLength, pool };
  const keepSeconds = await keeping.keepSeconds(lease, signal);
  return keepSeconds === undefined ? undefined : released(spec, keepSeconds, keeping.timestamp());
}

/** The reservation alone, without who had the address and what was handed out with it. */
function reservation({ address, prefixLength, pool, addressSpace, reserved }: IPLeaseSpec): IPLeaseSpec {
  const nobody = { network: "", node: "", holder: "", containerID: "", ifName: "" };
  return { address, prefixLength, pool, addressSpace, ...nobody, ...(reserved === undefined ? {} : { reserved }) };
}

function released(
  { sandbox: _sandbox, addedAt: _addedAt, ...spec }: IPLeaseSpec,
  keepSeconds: number,
  releasedAt: string,
): IPLeaseSpec {
  return { ...spec, node: "", containerID: "", releasedAt, keepSeconds };
}
