import type { IPPoolStatus } from "@cluster-ipam/api";
import type { Gauge, MetricRegistry } from "@cluster-ipam/telemetry";

/** Who shows the figures of pools. */
export interface PoolGauges {
  /** The pool's status is this now, written or not. */
  set(pool: string, status: IPPoolStatus): void;
  /** The pool is gone. */
  remove(pool: string): void;
  /** Nothing is known of any pool any more: another replica may lead, and figures of two would be added up. */
  clear(): void;
}

type CountField = "capacity" | "used" | "reserved" | "kept" | "free" | "outside";

const MS_PER_S = 1_000;
const BIG = "Above 2^53, which IPv6 may be, rounded to the nearest number of 64-bit floating point.";
const COUNTS: Readonly<Record<CountField, string>> = {
  capacity: `Addresses of a pool that may be handed out. ${BIG}`,
  used: "Addresses of a pool that a pod has.",
  reserved: "Addresses of a pool that are reserved by hand.",
  kept: "Addresses of a pool that cool down or are retained.",
  free: `Addresses of a pool that are left. ${BIG}`,
  outside: "Leases of a pool whose address it does not hand out any more.",
};

/** The figures of each pool, of the leader alone, as they are counted for its status. */
export class PoolMetrics implements PoolGauges {
  readonly #counts: readonly (readonly [CountField, Gauge<"pool">])[];
  readonly #exhaustedSince: Gauge<"pool">;

  /**
   * @param prefix of the process's own metrics
   * @param isLeading asked at each reading: a process that has stood still must not show what it knew before
   */
  constructor(registry: MetricRegistry, prefix: string, isLeading: () => boolean) {
    const update = (gauge: Gauge<"pool">): void => {
      if (!isLeading()) gauge.clear();
    };
    const add = (name: string, help: string): Gauge<"pool"> =>
      registry.labelledGauge({ name: `${prefix}pool_${name}`, help, labels: ["pool"] }, update);
    const fields = Object.entries(COUNTS) as [CountField, string][];
    this.#counts = fields.map(([field, help]) => [field, add(field, help)] as const);
    this.#exhaustedSince = add(
      "exhausted_since_timestamp_seconds",
      "Since when a pool has had no address for any pod, in seconds since 1970; none while it has.",
    );
  }

  set(pool: string, status: IPPoolStatus): void {
    for (const [field, gauge] of this.#counts) gauge.set({ pool }, Number(status[field] ?? 0));
    const exhausted = status.conditions?.find(({ type }) => type === "Exhausted");
    if (exhausted?.status !== "True") return this.#exhaustedSince.remove({ pool });
    this.#exhaustedSince.set({ pool }, Date.parse(exhausted.lastTransitionTime) / MS_PER_S);
  }

  remove(pool: string): void {
    for (const gauge of this.#gauges()) gauge.remove({ pool });
  }

  clear(): void {
    for (const gauge of this.#gauges()) gauge.clear();
  }

  #gauges(): readonly Gauge<"pool">[] {
    return [...this.#counts.map(([, gauge]) => gauge), this.#exhaustedSince];
  }
}
