import {
  hasOrdinal,
  isPodOf,
  isRetaining,
  isStatefulPod,
  type Keeping,
  keepSecondsOf,
  type NodePods,
} from "@cluster-ipam/allocator";
import type { IPLease, IPLeaseSpec, IPPool } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import type { Logger } from "@cluster-ipam/telemetry";
import { isWatched } from "../pools/keeping-fields.ts";
import type { PoolCache } from "../pools/pool-cache.ts";

/** What the keeping of addresses is found out from. */
export interface PoolKeepingDeps {
  readonly pools: Pick<PoolCache, "look">;
  readonly pods: Pick<NodePods, "get">;
  readonly date: () => Date;
  readonly log: Logger;
}

/**
 * What the pools of leases say of addresses that are given back, at the time of the release: a pool that is in use is
 * known, another costs one read. A pod is only read where policy StatefulSet has to know whose it is.
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
      return (await this.#deps.pools.look(name, signal))?.pool;
    } catch (err) {
      if (mayComeRight(err, signal)) throw err;
      // A release that waits for somebody to repair the pool would keep the address in the hands of nobody.
      this.#deps.log.warn(
        { err, pool: name },
        "pool cannot be read: its addresses are free as soon as they are given back",
      );
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
    } catch (err) {
      if (mayComeRight(err, signal)) throw err;
      this.#deps.log.warn(
        { err, pod: `${namespace}/${name}` },
        "pod cannot be read: its name decides whether its address is kept",
      );
    }
    // It is gone, or another one has its name: as a rule that is a StatefulSet's pod that was made again.
    return hasOrdinal(name);
  }
}

/**
 * Whether the next try may do better: a server that says no has said so for good, as long as nobody changes anything.
 * What a signal cut short, with an error of whatever code, says nothing of the server.
 */
function mayComeRight(err: unknown, signal: AbortSignal): boolean {
  return signal.aborted || !(err instanceof IpamError) || err.code === "apiserver-unreachable";
}
