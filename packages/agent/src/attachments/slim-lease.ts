import { API_VERSION, type IPLease } from "@cluster-ipam/api";

/**
 * `lease` with what names its version and what people and other programs have put there, which a PUT must not lose; less
 * the rest of its metadata, which is several times the lease itself.
 */
export function slimLease(lease: IPLease): IPLease {
  const { name, uid = "", resourceVersion = "" } = lease.metadata;
  const metadata = { name, uid, resourceVersion, ...keptMetadata(lease.metadata) };
  // The list that was read is kept too: one object for both.
  const isSlim = Object.keys(lease.metadata).length === Object.keys(metadata).length && uid !== "";
  return isSlim ? lease : { ...lease, apiVersion: API_VERSION, metadata };
}

/** Hardly any lease has one of these. */
const KEPT_METADATA: readonly string[] = [
  "deletionTimestamp",
  "labels",
  "annotations",
  "finalizers",
  "ownerReferences",
];

function keptMetadata(metadata: IPLease["metadata"]): Partial<IPLease["metadata"]> {
  return Object.fromEntries(Object.entries(metadata).filter(([key]) => KEPT_METADATA.includes(key)));
}
