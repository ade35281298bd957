import { type AttachmentPlan, namespaceOf } from "./plan.ts";
import type { PoolHistory } from "./pool-history.ts";
import type { PoolPlan } from "./small-network.ts";
import type { ZoneHistory } from "./zone-history.ts";
import { admits } from "./zone-selector.ts";

/** Whom pools served, as pools, nodes and namespaces were at any moment: what is read of them is trusted for a while. */
export class Admission {
  readonly #pools: PoolHistory;
  readonly #zones: ZoneHistory;

  constructor(pools: PoolHistory, zones: ZoneHistory) {
    this.#pools = pools;
    this.#zones = zones;
  }

  /** Whether the pool may have served the attachment, by what could be read of each since then. */
  mayServe(pool: string, attachment: AttachmentPlan, sinceMs: number): boolean {
    return this.#pools.since(pool, sinceMs).some((plan) => this.#verdicts(plan, attachment, sinceMs).has(true));
  }

  /** Whether nothing that could be read since then speaks against the attachment. */
  mustServe(pool: string, attachment: AttachmentPlan, sinceMs: number): boolean {
    return this.#pools.since(pool, sinceMs).every((plan) => !this.#verdicts(plan, attachment, sinceMs).has(false));
  }

  /** A pool that has kept `address` from the attachment at every moment since then. */
  refusing(address: string, addressSpace: string, attachment: AttachmentPlan, sinceMs: number): string | undefined {
    const { node } = attachment.pod;
    return this.#pools.namesSince(sinceMs).find((name) => {
      const isInSpace = this.#pools.since(name, sinceMs).every((plan) => plan.addressSpace === addressSpace);
      const isKept = isInSpace && this.#pools.hasAlwaysOffered(name, address, { sinceMs, node });
      return isKept && !this.mayServe(name, attachment, sinceMs);
    });
  }

  #verdicts({ nodeSelector, namespaceSelector }: PoolPlan, { pod }: AttachmentPlan, sinceMs: number): Set<boolean> {
    const nodes = this.#zones.since("node", pod.node, sinceMs);
    const namespaces = this.#zones.since("namespace", namespaceOf(pod), sinceMs);
    const byNode = nodes.map((zone) => nodeSelector === undefined || admits(nodeSelector, zone));
    const byNamespace = namespaces.map((zone) => namespaceSelector === undefined || admits(namespaceSelector, zone));
    return new Set(byNode.flatMap((node) => byNamespace.map((namespace) => node && namespace)));
  }
}
