import { type IPLease, leaseName } from "@cluster-ipam/api";
import type { Address } from "@cluster-ipam/ip";

/** A lease that is not as every lease is: its name is not that of its address, or somebody keeps it from going. */
export interface OddLease {
  readonly name: string;
  readonly uid: string;
  /** As the lease has it. */
  readonly address: string;
  readonly addressSpace: string;
  /** What a lease of its address is called. */
  readonly properName: string;
  readonly pool: string;
  /** `namespace/name/ifName`; "" without a pod. */
  readonly holder: string;
  /** "" while nobody is attached. */
  readonly node: string;
  readonly finalizers: readonly string[];
  /** Deleted, and held back by the finalizers. */
  readonly isEnding: boolean;
}

/** The leases that are odd, which as a rule is none: all others cost nothing here, however many there are. */
export class OddLeases {
  readonly #byName = new Map<string, OddLease>();

  /**
   * Looks at a lease, or at its next version.
   *
   * @param address its own, read: to read one takes longer than all else here
   */
  look(lease: IPLease, address: Address): void {
    const { name } = lease.metadata;
    const odd = oddLease(lease, leaseName(address, lease.spec.addressSpace));
    if (odd === undefined) this.#byName.delete(name);
    else this.#byName.set(name, odd);
  }

  /** The lease of that name is gone. */
  forget(name: string): void {
    this.#byName.delete(name);
  }

  /** The odd lease of that name. */
  get(name: string): OddLease | undefined {
    return this.#byName.get(name);
  }

  /** Every odd lease. */
  all(): Iterable<OddLease> {
    return this.#byName.values();
  }
}

/** @returns undefined where it is as every lease is */
function oddLease({ metadata, spec }: IPLease, properName: string): OddLease | undefined {
  const { name, uid = "", finalizers = [], deletionTimestamp } = metadata;
  if (properName === name && finalizers.length === 0) return undefined;
  const { address, addressSpace, pool, holder, node } = spec;
  const isEnding = deletionTimestamp !== undefined;
  return { name, uid, address, addressSpace, properName, pool, holder, node, finalizers: [...finalizers], isEnding };
}
