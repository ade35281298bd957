import { Chance, type Dice } from "./chance.ts";
import { drawFeatures, type Features } from "./features.ts";
import type { NodePlan, Plan, PodPlan } from "./plan.ts";
import { podLife } from "./pod-life.ts";
import { makeNetworks, withFeatures } from "./pool-plans.ts";
import { nodeEvents, poolEvents, troubleEvents } from "./world-events.ts";

/** Everything begins within so long. */
const LENGTH_MS = 30_000;

/** The plan of that seed. What it is about has dice of its own: all else is as in a run that is about nothing. */
export function makePlan(seed: number): Plan {
  const chance = new Chance(seed);
  const features = drawFeatures(chance.of("features"));
  const dice = chance.of("plan");
  const nodes = makeNodes(dice);
  const networks = makeNetworks(dice).map((network) => {
    if (network.kind === "inline") return network;
    return { ...network, pool: withFeatures(chance.of(`features of ${network.name}`), features, network.pool) };
  });
  const faultShare = faultShareOf(features, dice.pick([0, 0.03, 0.1, 0.3]));
  const moments = Array.from({ length: 3 }, () => dice.between(0, LENGTH_MS));
  const pods = makePods(dice, nodes);
  const wanted = dice.pick(networks).pool.ranges.findLast(({ family }) => family === 4)?.end ?? 1;
  const askShare = features.has("on-request") ? 0.5 : 0.25;
  const lives = pods.flatMap((pod) => {
    return podLife({ pod, networks, dice: chance.of(`life of ${pod.uid}`), wanted, askShare, moments });
  });
  const events = [...poolEvents(dice, networks, moments, features), ...nodeEvents(dice, nodes, moments)];
  const troubles = features.has("trouble") ? troubleEvents(chance.of("trouble"), lives) : [];
  const operations = [...lives, ...events, ...troubles].toSorted((a, b) => a.atMs - b.atMs);
  return { seed, nodes, networks, faultShare, operations };
}

function faultShareOf(features: Features, plain: number): number {
  if (features.has("storm")) return 0.4;
  return features.has("trouble") ? Math.max(plain, 0.2) : plain;
}

function makeNodes(dice: Dice): NodePlan[] {
  return Array.from({ length: dice.integer(2, 3) }, (_, index) => ({
    name: `n${index + 1}`,
    clockRate: dice.pick([0.9, 1, 1, 1.1]),
    clockOriginMs: dice.integer(0, 1_000_000),
  }));
}

function makePods(dice: Dice, nodes: readonly NodePlan[]): PodPlan[] {
  return Array.from({ length: dice.integer(2, 6) }, (_, index) => {
    const sharesName = dice.happens(0.2);
    const node = dice.pick(nodes).name;
    const isVisible = dice.happens(0.85);
    // Two pods of one name come one after the other, as those of a StatefulSet do, and sometimes at once. The server
    // knows one of them: where it is the pod that decides, only a dead one may lose its name.
    return { name: sharesName && isVisible ? "web-0" : `pod-${index + 1}`, uid: `u${index + 1}`, node, isVisible };
  });
}
