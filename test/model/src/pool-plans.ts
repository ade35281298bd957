import type { Strategy } from "@cluster-ipam/api";
import type { Dice } from "./chance.ts";
import type { Features } from "./features.ts";
import type { NetworkPlan, PoolPlan, RangePlan } from "./small-network.ts";
import type { ZoneSelector } from "./zone-selector.ts";

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
  const served = features.has("selectors") ? withSelectors(dice, pool) : pool;
  if (features.has("pod-cidrs") && pool.name === "lan") return ofPodCidrs(served);
  const cut = features.has("blocks") ? withBlocks(dice, served) : served;
  const ranged = features.has("on-request") ? withRequestRange(dice, cut) : cut;
  return features.has("kept") ? withKeep(dice, ranged) : ranged;
}

/** The pool hands out the networks of each node's pods, which are of both families. */
function ofPodCidrs(pool: PoolPlan): PoolPlan {
  const ranges = pool.ranges.slice(0, 1).flatMap((range) => [
    { ...range, family: 4 as const },
    { ...range, family: 6 as const },
  ]);
  return { ...pool, ranges, strategy: pool.strategy === "Index" ? "Spread" : pool.strategy, isOfPodCidrs: true };
}

/** The pool is for some nodes, some namespaces, or both; one that is edited is for others. */
function withSelectors(dice: Dice, pool: PoolPlan): PoolPlan {
  const { nodeSelector: _node, namespaceSelector: _namespace, ...rest } = pool;
  const which = dice.pick(["node", "node", "namespace", "both", "neither"]);
  return {
    ...rest,
    ...(which === "node" || which === "both" ? { nodeSelector: zoneSelector(dice) } : {}),
    ...(which === "namespace" || which === "both" ? { namespaceSelector: zoneSelector(dice) } : {}),
  };
}

function zoneSelector(dice: Dice): ZoneSelector {
  const operator = dice.pick(["Label", "In", "NotIn", "Exists", "DoesNotExist"] as const);
  return { operator, value: dice.pick(["a", "b"]) };
}

/** A pool of many addresses of one family, which is cut into blocks; a pool that is edited keeps their length. */
function withBlocks(dice: Dice, pool: PoolPlan): PoolPlan {
  const { blockLength = dice.pick([29, 29, 30, 30, 31]) } = pool;
  const strategy = pool.strategy === "Index" ? "Spread" : pool.strategy;
  const ranges = pool.ranges.filter(({ family }) => family === 4).map((range) => ({ ...range, start: 0, end: 15 }));
  return { ...pool, strategy, ranges: dice.happens(0.8) ? ranges : pool.ranges.slice(0, 1), blockLength };
}

/** A pool that is edited keeps addresses as before, as a rule. */
function withKeep(dice: Dice, pool: PoolPlan): PoolPlan {
  if (pool.keep !== undefined && dice.happens(0.7)) return pool;
  const seconds = dice.pick([3, 10, 40]);
  const policy = dice.pick(["None", "Always", "StatefulSet"] as const);
  const retain = policy === "None" ? undefined : { policy, seconds };
  const coolDownSeconds = dice.pick(policy === "None" ? [2, 6, 20] : [0, 0, 2, 6, 20]);
  return { ...pool, keep: { coolDownSeconds, retain } };
}

/** Some of the pool's addresses, or some beside them, are for those alone who ask for one. */
function withRequestRange(dice: Dice, pool: PoolPlan): PoolPlan {
  const start = dice.integer(1, 12);
  const range: RangePlan = {
    family: 4,
    start,
    end: start + dice.integer(0, 3),
    // Ranges that have addresses in common have one gateway.
    gateway: pool.ranges.find(({ family }) => family === 4)?.gateway,
    exclude: [],
    assign: "OnRequest",
  };
  return dice.happens(0.8) ? { ...pool, ranges: [...pool.ranges, range] } : pool;
}
