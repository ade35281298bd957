import type { IPPool } from "@cluster-ipam/api";

/**
 * Where pools live. Reads repeat until they have an answer or `signal` ends them (IpamError `apiserver-unreachable`).
 * `create` repeats likewise; an existing pool of that name is returned as it is: the caller compares.
 */
export interface PoolStore {
  get(name: string, signal: AbortSignal): Promise<IPPool | undefined>;
  list(signal: AbortSignal): Promise<IPPool[]>;
  create(pool: IPPool, signal: AbortSignal): Promise<IPPool>;
}
