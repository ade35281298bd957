import type { IPLease, IPLeaseSpec, IPPool } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import { hasOrdinal, isRetaining, isStatefulPod, isWatched, type Keeping, keepSecondsOf } from "./keeping.ts";
import { isPodOf, type NodePods } from "./node-pods.ts";

/** What the keeping of addresses is found out from. */
export interface PoolKeepingDeps {
  /** The pool of that name; undefined where there is none. @throws IpamError where it cannot be read */
  readonly poolOf: (name: string, signal: AbortSignal) => Promise<IPPool | undefined>;
  readonly pods: Pick<NodePods, "get">;
  readonly date: () => Date;
  /** Told of a pool that cannot be read, and not for want of a server: its addresses are free at once. */
  readonly onUnreadablePool: (pool: string, error: unknown) => void;
  /** Told of such a pod, `namespace/name`: its name decides whether its address is kept. */
  readonly onUnreadablePod: (pod: string, error: unknown) => void;
}

/**
 * What the pools of leases say of addresses that are given back, at the time of the release. A pod is only read where
 * policy StatefulSet has to know whose it is.
 */
export class PoolKeeping implements Keeping {
  readonly #deps: PoolKeepingDeps;

  constructor(deps: PoolKeepingDeps) {
    this.#deps = deps;
  }

  async keepSeconds({ spec }: IPLease, signal: AbortSignal): Promise<number | undefined> {
    const pool = await this.#poolOf(spec, signal);
    // What nobody ends would be kept for ever.
    if (pool === undefined || !isWatched(pool)) return undefined;
    return keepSecondsOf(pool.spec, await this.#isRetained(spec, pool, signal));
  }

  timestamp(): string {
    return this.#deps.date().toISOString();
  }

  async #poolOf({ pool: name }: IPLeaseSpec, signal: AbortSignal): Promise<IPPool | undefined> {
    if (name === "") return undefined;
    try {
      return await this.#deps.poolOf(name, signal);
    } catch (error) {
      if (mayComeRight(error, signal)) throw error;
      // A release that waits for somebody to repair the pool would keep the address in the hands of nobody.
      this.#deps.onUnreadablePool(name, error);
      return undefined;
    }
  }

  async #isRetained({ pod }: IPLeaseSpec, { spec: pool }: IPPool, signal: AbortSignal): Promise<boolean> {
    if (pod === undefined || !isRetaining(pool)) return false;
    return pool.retain?.policy === "Always" || this.#isOfStatefulSet(pod, signal);
  }

  async #isOfStatefulSet(pod: NonNullable<IPLeaseSpec["pod"]>, signal: AbortSignal): Promise<boolean> {
    const { namespace, name } = pod;
    try {
      const found = await this.#deps.pods.get(namespace, name, signal);
      if (found !== undefined && isPodOf(found, pod)) return isStatefulPod(found);
    } catch (error) {
      if (mayComeRight(error, signal)) throw error;
      this.#deps.onUnreadablePod(`${namespace}/${name}`, error);
    }
    // It is gone, or another one has its name: as a rule that is a StatefulSet's pod that was made again.
    return hasOrdinal(name);
  }
}

/**
 * Whether the next try may do better: a server that says no has said so for good, as long as nobody changes anything.
 * What a signal cut short, with an error of whatever code, says nothing of the server.
 */
function mayComeRight(error: unknown, signal: AbortSignal): boolean {
  return signal.aborted || !(error instanceof IpamError) || error.code === "apiserver-unreachable";
}
