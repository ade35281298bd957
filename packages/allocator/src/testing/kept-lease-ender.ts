import type { IPLease } from "@cluster-ipam/api";
import type { Clock } from "../clock.ts";
import type { LeaseVersion } from "../lease-store.ts";

/** What ends the time of kept leases works on. */
export interface KeptLeases {
  /** Every lease that the server has. */
  list(): Promise<readonly IPLease[]>;
  /** Deletes exactly this version. */
  delete(version: LeaseVersion): Promise<unknown>;
  /** What the lease's pool says today, for a lease that says nothing; undefined: nothing either. */
  poolSeconds(lease: IPLease): Promise<number | undefined>;
}

/**
 * The controller's part for addresses that are kept, as far as tests need it: ends a kept lease once it has seen it for as
 * long as the lease says. By its own clock from first sight: what nodes take for the time of day counts for nothing.
 */
export class KeptLeaseEnder {
  readonly #leases: KeptLeases;
  readonly #clock: Pick<Clock, "nowMs">;
  readonly #firstSeenMs = new Map<string, number>();

  constructor(leases: KeptLeases, clock: Pick<Clock, "nowMs">) {
    this.#leases = leases;
    this.#clock = clock;
  }

  /** One look at every lease. @returns the names of those whose time it has ended */
  async look(): Promise<string[]> {
    const kept = (await this.#leases.list()).filter(({ spec }) => spec.releasedAt !== undefined);
    const nowMs = this.#clock.nowMs();
    const keys = new Set(kept.map(versionKey));
    for (const key of this.#firstSeenMs.keys()) if (!keys.has(key)) this.#firstSeenMs.delete(key);
    const ended: string[] = [];
    for (const lease of kept) if (await this.#endOne(lease, nowMs)) ended.push(lease.metadata.name);
    return ended;
  }

  async #endOne(lease: IPLease, nowMs: number): Promise<boolean> {
    const key = versionKey(lease);
    const firstSeenMs = this.#firstSeenMs.get(key) ?? nowMs;
    this.#firstSeenMs.set(key, firstSeenMs);
    const seconds = lease.spec.keepSeconds ?? (await this.#leases.poolSeconds(lease)) ?? 0;
    if (nowMs - firstSeenMs < seconds * 1_000) return false;
    const { name, uid = "", resourceVersion = "" } = lease.metadata;
    await this.#leases.delete({ name, uid, resourceVersion });
    return true;
  }
}

/** Another release of the same lease is another version: its time begins anew. */
function versionKey({ metadata }: IPLease): string {
  return `${metadata.uid}/${metadata.resourceVersion}`;
}
