import type { IPLease } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import type { Keeping } from "../keeping.ts";

/** Pools that keep addresses for as long as a test says: at first not at all. */
export class ScriptedKeeping implements Keeping {
  /** Seconds by the name of the pool. */
  readonly seconds: Map<string, number> = new Map();
  /** Names of the leases whose pools were asked about. */
  readonly asked: string[] = [];
  /** From now on no pool can be read. */
  isAway = false;

  async keepSeconds({ metadata, spec }: IPLease): Promise<number | undefined> {
    this.asked.push(metadata.name);
    if (this.isAway) throw new IpamError("apiserver-unreachable", "memory gave no usable answer");
    return this.seconds.get(spec.pool);
  }

  timestamp(): string {
    return "2026-02-03T04:05:06Z";
  }
}
