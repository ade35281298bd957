import type { IPLease } from "@cluster-ipam/api";
import type { DeleteOutcome, LeaseStore, LeaseVersion } from "./lease-store.ts";

/** `released`: nobody holds the address through this lease any more. `unknown`: only a later look can tell. */
export type ReleaseOutcome = "released" | "unknown";

/** How often a lease that somebody else keeps writing to is read again within one release. */
const CHANGED_LIMIT = 8;

/** Deletes `lease`, at the version that it carries. */
export function deleteLease(store: Pick<LeaseStore, "delete">, { metadata }: IPLease): Promise<DeleteOutcome> {
  return store.delete(versionOf(metadata));
}

function versionOf({ name, uid, resourceVersion }: IPLease["metadata"]): LeaseVersion {
  if (!uid || !resourceVersion) {
    // Without both the delete could hit a newer holder.
    throw new RangeError(`lease ${name} has not been read from the server`);
  }
  return { name, uid, resourceVersion };
}

/**
 * Releases `lease` for as long as `isStillOurs` says so of what the server has: a lease that changed is read again, and
 * left alone when it is somebody else's by then.
 *
 * @throws IpamError `apiserver-refused` when the server says no; `apiserver-unreachable` when `signal` ends the reading
 * again; RangeError when `lease` carries no version
 */
export async function releaseLease(
  store: Pick<LeaseStore, "delete" | "get">,
  lease: IPLease,
  { isStillOurs, signal }: { readonly isStillOurs: (lease: IPLease) => boolean; readonly signal: AbortSignal },
): Promise<ReleaseOutcome> {
  let current = lease;
  for (let attempt = 0; attempt < CHANGED_LIMIT && !signal.aborted; attempt += 1) {
    const outcome = await deleteLease(store, current);
    if (outcome.kind === "deleted" || outcome.kind === "gone") return "released";
    if (outcome.kind === "unknown") return "unknown";
    const found = await store.get(current.metadata.name, signal);
    // Also where it is another object by now: somebody may have restored it under its holder, from a backup.
    if (found === undefined || !isStillOurs(found)) return "released";
    current = found;
  }
  return "unknown";
}
