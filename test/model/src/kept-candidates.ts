import type { IPLease } from "@cluster-ipam/api";
import type { LeaseLog } from "./lease-log.ts";
import { type AttachmentPlan, namespaceOf } from "./plan.ts";
import type { NetworkPlan } from "./small-network.ts";

/** What is kept for the pod of an ADD when that begins; nothing where it has an address already, which comes first. */
export class KeptCandidates {
  readonly #leases: readonly IPLease[];

  constructor({ pod, ifName }: AttachmentPlan, { pool }: NetworkPlan, leases: readonly IPLease[]) {
    const holder = `${namespaceOf(pod)}/${pod.name}/${ifName}`;
    const own = leases.filter(({ spec }) => spec.holder === holder);
    const isAttached = own.some(({ spec }) => spec.containerID !== "");
    const isKept = ({ spec }: IPLease): boolean => spec.releasedAt !== undefined && spec.pool === pool.name;
    this.#leases = isAttached ? [] : own.filter(isKept);
  }

  /** Whether `address` was kept. */
  has(address: string): boolean {
    return this.#leases.some(({ spec }) => spec.address === address);
  }

  /** Those that nobody has written to since. */
  untouched(log: LeaseLog): readonly IPLease[] {
    return this.#leases.filter(({ metadata: { name, uid, resourceVersion } }) => {
      const now = log.named(name)?.metadata;
      return now?.uid === uid && now?.resourceVersion === resourceVersion;
    });
  }
}
