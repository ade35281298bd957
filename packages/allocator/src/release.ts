import type { IPLease } from "@cluster-ipam/api";
import { type EndRules, endOf } from "./lease-end.ts";
import type { DeleteOutcome, LeaseStore, LeaseVersion, ReplaceOutcome } from "./lease-store.ts";

/** `released`: nobody holds the address through this lease any more. `unknown`: only a later look can tell. */
export type ReleaseOutcome = "released" | "unknown";

/** What a release needs of a store. */
export type ReleaseStore = Pick<LeaseStore, "delete" | "replace" | "get">;

/** How a lease is released, and for how long it is ours. */
export interface ReleaseRules extends EndRules {
  readonly isStillOurs: (lease: IPLease) => boolean;
  /** Told when the address is not free yet: its pool keeps it. */
  readonly onKept?: () => void;
}

/** How often a lease that somebody else keeps writing to is read again within one release. */
const CHANGED_LIMIT = 8;

/**
 * Ends `lease` at the version that it carries, by one write: it is deleted, or it becomes what {@link endOf} says.
 *
 * @throws IpamError `apiserver-refused` when the server says no; `apiserver-unreachable` when the pool cannot be read;
 * RangeError when `lease` carries no version
 */
export async function endLease(
  store: Pick<LeaseStore, "delete" | "replace">,
  lease: IPLease,
  rules: EndRules,
): Promise<DeleteOutcome | ReplaceOutcome> {
  // Before the pool is asked for anything.
  versionOf(lease.metadata);
  const spec = await endOf(lease, rules);
  return spec === undefined ? deleteLease(store, lease) : store.replace({ ...lease, spec });
}

/** Deletes `lease`, at the version that it carries. */
export function deleteLease(store: Pick<LeaseStore, "delete">, { metadata }: IPLease): Promise<DeleteOutcome> {
  return store.delete(versionOf(metadata));
}

function versionOf({ name, uid, resourceVersion }: IPLease["metadata"]): LeaseVersion {
  if (!uid || !resourceVersion) {
    // Without both the write could hit a newer holder.
    throw new RangeError(`lease ${name} has not been read from the server`);
  }
  return { name, uid, resourceVersion };
}

/**
 * Releases `lease` for as long as `isStillOurs` says so of what the server has: a lease that changed is read again, and
 * left alone when it is somebody else's by then.
 *
 * @throws IpamError `apiserver-refused` when the server says no; `apiserver-unreachable` when `signal` ends the reading
 * again, or that of the pool; RangeError when `lease` carries no version
 */
export async function releaseLease(
  store: ReleaseStore,
  lease: IPLease,
  { isStillOurs, onKept, ...rules }: ReleaseRules,
): Promise<ReleaseOutcome> {
  const { signal } = rules;
  let current = lease;
  for (let attempt = 0; attempt < CHANGED_LIMIT && !signal.aborted; attempt += 1) {
    const { kind } = await endLease(store, current, rules);
    if (kind === "unknown") return "unknown";
    if (kind === "replaced") onKept?.();
    if (kind !== "changed") return "released";
    const found = await store.get(current.metadata.name, signal);
    // Also where it is another object by now: somebody may have restored it under its holder, from a backup.
    if (found === undefined || !isStillOurs(found)) return "released";
    current = found;
  }
  return "unknown";
}
