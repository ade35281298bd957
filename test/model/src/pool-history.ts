import { type Offer, offerOf, podCidrOffer } from "./offer.ts";
import type { NodePlan } from "./plan.ts";
import type { PoolPlan } from "./small-network.ts";

/** A pool as it was for some time. */
interface PoolEra {
  readonly plan: PoolPlan;
  readonly offer: Offer;
  readonly sinceMs: number;
  untilMs: number;
}

/** How an address came to be given. */
interface Asked {
  readonly sinceMs: number;
  /** The pod asks for this very address. */
  readonly isAsked: boolean;
  readonly node: string;
}

/** What administrators did to pools. */
export class PoolHistory {
  readonly #now: () => number;
  readonly #eras: PoolEra[] = [];
  /** Names of pools that were deleted, be it for a while. */
  readonly #deleted = new Set<string>();
  readonly #podOffers: ReadonlyMap<string, Offer>;

  constructor(now: () => number, nodes: readonly NodePlan[]) {
    this.#now = now;
    this.#podOffers = new Map(nodes.map(({ name, podCidrs }) => [name, podCidrOffer(podCidrs)]));
  }

  /** From now on the pool is as `plan` says. */
  begin(plan: PoolPlan): void {
    this.#close(plan.name);
    this.#eras.push({ plan, offer: offerOf(plan), sinceMs: this.#now(), untilMs: Number.POSITIVE_INFINITY });
  }

  /** From now on there is no such pool. */
  end(name: string): void {
    this.#deleted.add(name);
    this.#close(name);
  }

  /** What the pool was at any moment since then. */
  since(name: string, sinceMs: number): readonly PoolPlan[] {
    return this.#erasOf(name, sinceMs).map(({ plan }) => plan);
  }

  /** What the pool is now; undefined where there is none. */
  planNow(name: string): PoolPlan | undefined {
    return this.#eras.find(({ plan, untilMs }) => plan.name === name && untilMs === Number.POSITIVE_INFINITY)?.plan;
  }

  /** Names of the pools that were there all the time since then. */
  namesSince(sinceMs: number): readonly string[] {
    const names = this.#eras.filter((era) => era.sinceMs <= Math.max(0, sinceMs)).map(({ plan }) => plan.name);
    return [...new Set(names)].filter((name) => !this.#deleted.has(name));
  }

  /** Whether the pool has had node blocks ever since it was first made. */
  hasAlwaysHadBlocks(name: string): boolean {
    const eras = this.#erasOf(name);
    return eras.length > 0 && eras.every(({ plan }) => plan.blockLength !== undefined);
  }

  /** The least time that the pool has ever kept an address, 0 where it was deleted once. */
  leastKeepSeconds(name: string, isStateful: boolean): number {
    const eras = this.#erasOf(name);
    if (eras.length === 0 || this.#deleted.has(name)) return 0;
    return Math.min(...eras.map(({ plan }) => keepSeconds(plan, isStateful)));
  }

  /** Whether the pool has retained addresses and handed out this one to whoever asks for none, at any moment since then. */
  hasAlwaysRetained(name: string, address: string, sinceMs: number): boolean {
    const eras = this.#erasOf(name, sinceMs);
    return (
      eras.length > 0 &&
      !this.#deleted.has(name) &&
      eras.every(({ offer, plan }) => {
        return plan.keep?.retain !== undefined && plan.strategy !== "Index" && offer.unasked.has(address);
      })
    );
  }

  /** Whether the pool said at some moment since `sinceMs` that it gives `address`, to whom asks for it or to any. */
  hasOffered(name: string, address: string, { sinceMs, isAsked, node }: Asked): boolean {
    return this.#erasOf(name, sinceMs).some((era) => {
      const offer = this.#offerFor(era, node);
      return (isAsked ? offer.onRequest : offer.unasked).has(address);
    });
  }

  /** Whether the pool has handed `address` out at any moment since then, on that node. */
  hasAlwaysOffered(name: string, address: string, { sinceMs, node }: Omit<Asked, "isAsked">): boolean {
    return this.#erasOf(name, sinceMs).every((era) => this.#offerFor(era, node).onRequest.has(address));
  }

  #offerFor({ plan, offer }: PoolEra, node: string): Offer {
    return plan.isOfPodCidrs === true ? (this.#podOffers.get(node) ?? podCidrOffer([])) : offer;
  }

  #erasOf(name: string, sinceMs: number = Number.NEGATIVE_INFINITY): readonly PoolEra[] {
    return this.#eras.filter(({ plan, untilMs }) => plan.name === name && untilMs >= sinceMs);
  }

  #close(name: string): void {
    for (const era of this.#erasOf(name)) era.untilMs = Math.min(era.untilMs, this.#now());
  }
}

function keepSeconds({ keep }: PoolPlan, isStateful: boolean): number {
  const { coolDownSeconds = 0, retain } = keep ?? {};
  const isRetained = retain?.policy === "Always" || isStateful;
  return Math.max(coolDownSeconds, isRetained ? (retain?.seconds ?? 0) : 0);
}
