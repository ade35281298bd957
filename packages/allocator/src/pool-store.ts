import type { IPPool, ObjectMeta, RestrictedRanges } from "@cluster-ipam/api";
import type { IpamError } from "@cluster-ipam/errors";

/** A pool that the server has and this process cannot read: the two are of different versions. */
export interface UnreadablePool {
  readonly metadata: Pick<ObjectMeta, "name" | "annotations">;
  /** `bad-config` that names the pool. */
  readonly error: IpamError;
  /** What can be told of its addresses, where it serves some nodes or namespaces only; absent where it serves all. */
  readonly restricted?: RestrictedRanges;
}

/** Every pool of the server; one that cannot be read keeps nobody from the others. */
export interface PoolList {
  readonly pools: readonly IPPool[];
  readonly unreadable: readonly UnreadablePool[];
}

/**
 * Where pools live. Reads repeat until they have an answer or `signal` ends them (IpamError `apiserver-unreachable`).
 * `create` repeats likewise; an existing pool of that name is returned as it is: the caller compares. A pool that
 * cannot be read is IpamError `bad-config` to `get` and `create`.
 */
export interface PoolStore {
  get(name: string, signal: AbortSignal): Promise<IPPool | undefined>;
  list(signal: AbortSignal): Promise<PoolList>;
  create(pool: IPPool, signal: AbortSignal): Promise<IPPool>;
}
