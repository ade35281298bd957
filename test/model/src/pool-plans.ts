import type { Strategy } from "@cluster-ipam/api";
import type { Dice } from "./chance.ts";
import type { Features } from "./features.ts";
import type { NetworkPlan, PoolPlan, RangePlan } from "./small-network.ts";

const STRATEGIES: readonly Strategy[] = ["Spread", "Spread", "Spread", "Sequential", "Sequential", "Index"];

/** The networks of a run and the pools that serve them. */
export function makeNetworks(dice: Dice): NetworkPlan[] {
  const isDual = dice.happens(0.5);
  const lan = makePool(dice, "lan", { addressSpace: "", isDual });
  const side = makePool(dice, "side", { addressSpace: "", isDual: dice.happens(0.2) });
  const blue = makePool(dice, "blue", { addressSpace: "blue", isDual: false });
  const inline = {
    ...side,
    ranges: side.ranges.map((range) => ({ ...range, gateway: range.gateway ?? 1, exclude: [] })),
  };
  return [
    { name: "lan", kind: "bare", pool: lan },
    { name: "side", kind: "inline", pool: inline },
    { name: "blue", kind: "named", pool: blue },
  ];
}

function makePool(
  dice: Dice,
  name: string,
  { addressSpace, isDual }: { readonly addressSpace: string; readonly isDual: boolean },
): PoolPlan {
  const families: readonly (4 | 6)[] = isDual ? [4, 6] : [4];
  const strategy = dice.pick(STRATEGIES);
  return { name, addressSpace, strategy, ranges: families.map((family) => makeRange(dice, family)) };
}

/** The pool, with other ranges of the same families. */
export function movedPool(dice: Dice, pool: PoolPlan): PoolPlan {
  const families = new Set(pool.ranges.map(({ family }) => family));
  return { ...pool, ranges: [...families].map((family) => makeRange(dice, family)) };
}

function makeRange(dice: Dice, family: 4 | 6): RangePlan {
  const start = dice.integer(0, 12);
  return {
    family,
    start,
    end: Math.min(15, start + dice.integer(1, 5)),
    gateway: dice.happens(0.6) ? dice.integer(1, 14) : undefined,
    exclude: dice.happens(0.3) ? [dice.integer(start, Math.min(15, start + 3))] : [],
    assign: "Any",
  };
}

/** The pool with what the run is about. */
export function withFeatures(dice: Dice, features: Features, pool: PoolPlan): PoolPlan {
  return features.has("on-request") ? withRequestRange(dice, pool) : pool;
}

/** Some of the pool's addresses, or some beside them, are for those alone who ask for one. */
function withRequestRange(dice: Dice, pool: PoolPlan): PoolPlan {
  const start = dice.integer(1, 12);
  const range: RangePlan = {
    family: 4,
    start,
    end: start + dice.integer(0, 3),
    gateway: undefined,
    exclude: [],
    assign: "OnRequest",
  };
  return dice.happens(0.8) ? { ...pool, ranges: [...pool.ranges, range] } : pool;
}
