import { keepSecondsOf, type LeaseStore } from "@cluster-ipam/allocator";
import { formatAddress } from "@cluster-ipam/ip";
import type { Clock } from "@cluster-ipam/kube";
import type { Logger } from "@cluster-ipam/telemetry";
import type { ClusterView } from "../cluster-view.ts";
import type { LeaseFact } from "../leases/lease-fact.ts";
import { KeptTimes } from "./kept-times.ts";

/** What a {@link KeptEnder} is made of. */
export interface KeptEnderOptions {
  readonly leases: Pick<LeaseStore, "get" | "replace" | "delete">;
  readonly clock: Pick<Clock, "nowMs">;
  /** A source of numbers in [0, 1). */
  readonly random: () => number;
  /** The time of a kept lease was ended. */
  readonly onEnded: () => void;
  readonly log: Logger;
}

const MS_PER_S = 1_000;

/** Ends the time of kept leases in one term, and writes into them what is left of a long one: the next leader goes on there. */
export class KeptEnder {
  readonly #view: Pick<ClusterView, "pools" | "leases">;
  readonly #options: KeptEnderOptions;
  readonly #times: KeptTimes;

  constructor(view: Pick<ClusterView, "pools" | "leases">, options: KeptEnderOptions) {
    this.#view = view;
    this.#options = options;
    this.#times = new KeptTimes(options.random);
  }

  /** The lease of that name is not kept any more. */
  forget(name: string): void {
    this.#times.forget(name);
  }

  /**
   * Looks at a lease, and does what it is time for.
   *
   * @returns milliseconds until it is worth another look; undefined: not before the watch tells of it
   * @throws Error where the server gave no answer that says what was done: the same is to be done again
   */
  async look(name: string, signal: AbortSignal): Promise<number | undefined> {
    const nowMs = this.#options.clock.nowMs();
    const lease = this.#view.leases.get(name);
    if (lease === undefined) {
      this.#times.forget(name);
      return undefined;
    }
    const leftMs = this.#times.leftMs(lease, this.#keepSecondsOf(lease), nowMs);
    if (leftMs === undefined) return undefined;
    if (leftMs === 0) return this.#end(lease);
    const untilCheckpointMs = this.#times.untilCheckpointMs(lease, nowMs);
    if (untilCheckpointMs > 0) return Math.min(leftMs, untilCheckpointMs);
    await this.#writeLeft(lease, Math.ceil(leftMs / MS_PER_S), signal);
    return leftMs;
  }

  /** The controller alone ends the time of a kept lease; at its very version, so that nobody's new lease is hit. */
  async #end({ name, uid, resourceVersion, address, pool, holder }: LeaseFact): Promise<undefined> {
    const { leases, onEnded, log } = this.#options;
    const outcome = await leases.delete({ name, uid, resourceVersion });
    if (outcome.kind === "unknown") throw outcome.cause;
    if (outcome.kind !== "deleted") return;
    onEnded();
    log.info({ ip: formatAddress(address), pool, holder }, "time of a kept address is over");
  }

  /** At the very version that is the release of which the time is: whoever takes the address meanwhile keeps it. */
  async #writeLeft(seen: LeaseFact, keepSeconds: number, signal: AbortSignal): Promise<void> {
    const { leases, log } = this.#options;
    const { name, uid, address, pool, holder } = seen;
    const lease = await leases.get(name, signal);
    const isSame = lease?.spec.releasedAt === seen.releasedAt && lease.spec.keepSeconds === seen.keepSeconds;
    if (lease?.metadata.uid !== uid || !isSame) return;
    const outcome = await leases.replace({ ...lease, spec: { ...lease.spec, keepSeconds } });
    if (outcome.kind === "unknown") throw outcome.cause;
    if (outcome.kind === "replaced")
      log.debug({ ip: formatAddress(address), pool, holder, keepSeconds }, "time that is left written down");
  }

  #keepSecondsOf({ keepSeconds, pool, holder }: LeaseFact): number {
    if (keepSeconds !== undefined) return keepSeconds;
    const spec = this.#view.pools.get(pool)?.pool.spec;
    return (spec === undefined ? undefined : keepSecondsOf(spec, holder !== "")) ?? 0;
  }
}
