import { isHeldBy } from "@cluster-ipam/allocator";
import type { IPLease } from "@cluster-ipam/api";
import type { Attachment } from "@cluster-ipam/cni";
import { holdingInterface, interfaceKey } from "./attachment-gate.ts";

/**
 * Leases that were deleted on the server under an attachment of this node, and whose address another one of this node
 * has created since: both may live. Nothing but a hand or a restored backup brings this about.
 */
export class OustedLeases {
  readonly #byUid = new Map<string, IPLease>();

  /** Every such lease. */
  all(): IPLease[] {
    return [...this.#byUid.values()];
  }

  /** Whether exactly this lease is one. */
  has(lease: IPLease): boolean {
    return this.#byUid.get(uidOf(lease)) === lease;
  }

  /** `lease` was known until another one was created under its name. */
  add(lease: IPLease): void {
    if (uidOf(lease) !== "") this.#byUid.set(uidOf(lease), lease);
  }

  /** The lease is of nobody any more, or has come back. */
  forget(lease: IPLease): void {
    this.#byUid.delete(uidOf(lease));
  }

  /** The attachment of `lease` has a new answer, beside which none that it had before counts. */
  answered(lease: IPLease): void {
    for (const ousted of this.all()) if (isHeldBy(ousted, lease.spec)) this.forget(ousted);
  }

  /** An attachment has ended, or all of an interface where `network` is "": nothing is missed of what `isMeant` says. */
  release({ network, ...of }: Attachment, isMeant: (lease: IPLease) => boolean): void {
    for (const lease of this.all()) {
      const isOfInterface = interfaceKey(holdingInterface(lease)) === interfaceKey(of);
      if (isOfInterface && (network === "" || lease.spec.network === network) && isMeant(lease)) this.forget(lease);
    }
  }
}

function uidOf({ metadata: { uid = "" } }: IPLease): string {
  return uid;
}
