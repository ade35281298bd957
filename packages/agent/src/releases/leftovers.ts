import { endLease, type Keeping, type LeaseStore, type Leftovers, type Origin } from "@cluster-ipam/allocator";
import type { IPLease } from "@cluster-ipam/api";
import type { Attachments } from "../attachments/attachments.ts";
import type { PendingReleases } from "./pending-releases.ts";

/** Bound of the look at a pool, for what an earlier call was answered with: a failed ADD must not wait long. */
const POOL_TIMEOUT_MS = 2_000;

/** What an undo works on. */
export interface LeftoversDeps {
  readonly store: Pick<LeaseStore, "delete" | "replace">;
  readonly attachments: Attachments;
  readonly pending: PendingReleases;
  readonly keeping: Keeping;
}

/** What a failed ADD leaves: given back at once where the server confirms it, else pending. */
export function leftoversOf({ store, attachments, pending, keeping }: LeftoversDeps): Leftovers {
  return {
    async giveBack(lease: IPLease, origin: Origin): Promise<void> {
      attachments.drop(lease);
      const rules = { keeping, origin, signal: AbortSignal.timeout(POOL_TIMEOUT_MS) };
      const outcome = await endLease(store, lease, rules).catch(() => undefined);
      if (outcome === undefined || outcome.kind === "changed" || outcome.kind === "unknown") {
        pending.addLease(lease, origin);
      }
    },
    recheck: (lease, origin) => pending.addUncertain(lease, origin),
  };
}
