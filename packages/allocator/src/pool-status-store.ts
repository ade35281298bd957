import type { IPPool } from "@cluster-ipam/api";
import type { DeleteOutcome, LeaseVersion } from "./lease-store.ts";

/** What became of the write of a pool's status; `changed` means that the pool is not at the given version any more. */
export type StatusWrite =
  | { readonly kind: "written"; readonly pool: IPPool }
  | { readonly kind: "changed" }
  | { readonly kind: "gone" }
  | { readonly kind: "unknown"; readonly cause: unknown };

/** Where the status of pools is written, by its subresource, and where pools end. */
export interface PoolStatusStore {
  /**
   * Writes the status of exactly this version of the pool, in one attempt. After `unknown`: either status.
   *
   * @throws IpamError `apiserver-refused` or `object-refused` where the server said no for good
   */
  writeStatus(pool: IPPool, signal: AbortSignal): Promise<StatusWrite>;
  /** Deletes exactly this version of the pool; its leases stay. After `unknown` it may be gone. @throws IpamError as above */
  delete(version: LeaseVersion): Promise<DeleteOutcome>;
}
