import type { LeaseStore, Leftovers } from "@cluster-ipam/allocator";
import { deleteLease } from "@cluster-ipam/allocator";
import type { IPLease } from "@cluster-ipam/api";
import type { Attachments } from "../attachments/attachments.ts";
import type { PendingReleases } from "./pending-releases.ts";

/** What a failed ADD leaves: released at once where the server confirms it, else pending. */
export function leftoversOf(
  store: Pick<LeaseStore, "delete">,
  attachments: Attachments,
  pending: PendingReleases,
): Leftovers {
  return {
    async giveBack(lease: IPLease): Promise<void> {
      attachments.drop(lease);
      const outcome = await deleteLease(store, lease).catch(() => undefined);
      if (outcome?.kind !== "deleted" && outcome?.kind !== "gone") pending.addLease(lease);
    },
    recheck: (lease) => pending.addUncertain(lease),
  };
}
