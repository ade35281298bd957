import { INLINE_LABEL, type IPPool } from "@cluster-ipam/api";
import type { LeaseTable } from "../leases/lease-table.ts";
import type { PoolTable } from "../pools/pool-table.ts";

/**
 * Which pools of inline ranges nobody uses: since when each has had no lease, by the controller's own clock. A controller
 * that has just begun to lead has seen none of them idle yet.
 */
export class IdlePools {
  readonly #idleMs: number;
  /** By uid: a pool that was made again is another one. */
  readonly #idleSinceMs = new Map<string, number>();

  /** @param idleMs how long a pool must have had no lease */
  constructor(idleMs: number) {
    this.#idleMs = idleMs;
  }

  /** Looks at all pools. @returns those that may be removed now */
  look(pools: PoolTable, leases: LeaseTable, nowMs: number): readonly IPPool[] {
    const idle = [...pools.names()].flatMap((name) => {
      const pool = pools.get(name)?.pool;
      return pool !== undefined && isInline(pool) && leases.ofPool(name).size === 0 ? [pool] : [];
    });
    const uids = new Set(idle.map(uidOf));
    for (const uid of this.#idleSinceMs.keys()) if (!uids.has(uid)) this.#idleSinceMs.delete(uid);
    for (const uid of uids) if (!this.#idleSinceMs.has(uid)) this.#idleSinceMs.set(uid, nowMs);
    return idle.filter((pool) => nowMs - (this.#idleSinceMs.get(uidOf(pool)) ?? nowMs) >= this.#idleMs);
  }
}

/** Whether an agent made the pool, of the ranges in an ipam section. */
function isInline({ metadata }: IPPool): boolean {
  return metadata.labels?.[INLINE_LABEL] === "true";
}

function uidOf({ metadata }: IPPool): string {
  return metadata.uid ?? metadata.name;
}
