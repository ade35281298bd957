import type { ClusterFacts } from "@cluster-ipam/allocator";
import type { NodePlan } from "./plan.ts";
import { labelsOf, type Zone } from "./zone-selector.ts";

/** What has a zone. */
export type ZonedKind = "node" | "namespace";

interface ZoneEra {
  readonly key: string;
  readonly zone: Zone;
  untilMs: number;
}

/** The Node and Namespace objects: which label they had at any moment. Those of which nobody says anything have none. */
export class ZoneHistory {
  readonly #now: () => number;
  readonly #eras: ZoneEra[] = [];
  readonly #podCidrs: ReadonlyMap<string, readonly string[]>;

  constructor(now: () => number, nodes: readonly NodePlan[]) {
    this.#now = now;
    this.#podCidrs = new Map(nodes.map(({ name, podCidrs }) => [name, podCidrs]));
  }

  /** From now on the object has that label. */
  set(kind: ZonedKind, name: string, zone: Zone): void {
    const key = `${kind}/${name}`;
    const known = this.#eras.some((era) => era.key === key);
    if (!known) this.#eras.push({ key, zone: undefined, untilMs: this.#now() });
    for (const era of this.#eras) if (era.key === key) era.untilMs = Math.min(era.untilMs, this.#now());
    this.#eras.push({ key, zone, untilMs: Number.POSITIVE_INFINITY });
  }

  /** Every label that the object had at some moment since then. */
  since(kind: ZonedKind, name: string, sinceMs: number): readonly Zone[] {
    const eras = this.#eras.filter(({ key, untilMs }) => key === `${kind}/${name}` && untilMs >= sinceMs);
    return eras.length === 0 ? [undefined] : eras.map(({ zone }) => zone);
  }

  /** What the server says of the objects now. */
  get facts(): ClusterFacts {
    const labels = (kind: ZonedKind, name: string): Readonly<Record<string, string>> =>
      labelsOf(this.since(kind, name, Number.POSITIVE_INFINITY).at(-1));
    return {
      node: (name) => Promise.resolve({ labels: labels("node", name), podCidrs: this.#podCidrs.get(name) ?? [] }),
      namespace: (name) => Promise.resolve({ labels: labels("namespace", name) }),
    };
  }
}
