import { type Offer, offerOf } from "./offer.ts";
import type { PoolPlan } from "./small-network.ts";

/** A pool as it was for some time. */
interface PoolEra {
  readonly name: string;
  readonly offer: Offer;
  untilMs: number;
}

/** What administrators did to pools. */
export class PoolHistory {
  readonly #now: () => number;
  readonly #eras: PoolEra[] = [];

  constructor(now: () => number) {
    this.#now = now;
  }

  /** From now on the pool is as `plan` says. */
  begin(plan: PoolPlan): void {
    this.end(plan.name);
    this.#eras.push({ name: plan.name, offer: offerOf(plan), untilMs: Number.POSITIVE_INFINITY });
  }

  /** From now on there is no such pool. */
  end(name: string): void {
    for (const era of this.#eras) if (era.name === name) era.untilMs = Math.min(era.untilMs, this.#now());
  }

  /** Whether the pool said at some moment since `sinceMs` that it gives `address`, to whom asks for it or to any. */
  hasOffered(name: string, address: string, { sinceMs, isAsked }: Asked): boolean {
    return this.#eras.some(({ name: other, offer, untilMs }) => {
      const given = isAsked ? offer.onRequest : offer.unasked;
      return other === name && untilMs >= sinceMs && given.has(address);
    });
  }
}

/** How an address came to be given. */
interface Asked {
  readonly sinceMs: number;
  /** The pod asks for this very address. */
  readonly isAsked: boolean;
}
