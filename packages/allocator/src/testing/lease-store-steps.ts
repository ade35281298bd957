import type { IPLease } from "@cluster-ipam/api";
import type { LeaseStore, LeaseVersion } from "../lease-store.ts";

/** Creates a lease that must not be there yet. */
export async function created(store: LeaseStore, draft: IPLease): Promise<IPLease> {
  const outcome = await store.create(draft);
  if (outcome.kind !== "created") throw new Error(`create of ${draft.metadata.name}: ${outcome.kind}`);
  return outcome.lease;
}

/** Reads the lease of this name. */
export function read(store: LeaseStore, { metadata }: IPLease): Promise<IPLease | undefined> {
  return store.get(metadata.name, new AbortController().signal);
}

/** The version that a lease was read at. */
export function versionOf({ metadata }: IPLease): LeaseVersion {
  const { name, uid, resourceVersion } = metadata;
  if (uid === undefined || resourceVersion === undefined) throw new Error(`${name} has no version`);
  return { name, uid, resourceVersion };
}

/** The lease, at its version, with another sandbox as its holder. */
export function withHolder(lease: IPLease, containerID: string): IPLease {
  return { ...lease, spec: { ...lease.spec, containerID } };
}
