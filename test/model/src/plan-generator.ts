import { FIRST_DAY_MS } from "./agent-process.ts";
import { Chance, type Dice } from "./chance.ts";
import { aboutFeatures } from "./feature-events.ts";
import { drawFeatures, type Features } from "./features.ts";
import { leaderEvents, nodeLosses } from "./loss-events.ts";
import { type ControllerPlan, NAMESPACES, type NodePlan, type Plan, type PodPlan } from "./plan.ts";
import { podLife } from "./pod-life.ts";
import { makeNetworks, withFeatures } from "./pool-plans.ts";
import { nodeEvents, poolEvents, troubleEvents } from "./world-events.ts";

type BareNode = Pick<NodePlan, "name" | "clockRate" | "clockOriginMs">;

/** Everything begins within so long. */
const LENGTH_MS = 30_000;

/** The plan of that seed. What it is about has dice of its own: all else is as in a run that is about nothing. */
export function makePlan(seed: number): Plan {
  const chance = new Chance(seed);
  const features = drawFeatures(chance.of("features"));
  const dice = chance.of("plan");
  const nodes = makeNodes(dice).map((node, index) =>
    withTraits(node, index, chance.of(`day of ${node.name}`), features),
  );
  const networks = makeNetworks(dice).map((network) => {
    if (network.kind === "inline") return network;
    return { ...network, pool: withFeatures(chance.of(`features of ${network.name}`), features, network.pool) };
  });
  const faultShare = faultShareOf(features, dice.pick([0, 0.03, 0.1, 0.3]));
  const moments = Array.from({ length: 3 }, () => dice.between(0, LENGTH_MS));
  const pods = makePods(dice, nodes).map((pod) => (features.has("selectors") ? inNamespace(pod) : pod));
  const asked = features.has("reserved") ? networks.slice(0, 1) : networks;
  const wanted = dice.pick(asked).pool.ranges.findLast(({ family }) => family === 4)?.end ?? 1;
  const askShare = askShareOf(features);
  const lives = pods.flatMap((pod) => {
    return podLife({
      pod,
      networks,
      dice: chance.of(`life of ${pod.uid}`),
      wanted,
      askShare,
      moments,
      features,
      nodes,
    });
  });
  const events = [...poolEvents(dice, networks, moments, features), ...nodeEvents(dice, nodes, moments)];
  const troubles = features.has("trouble") ? troubleEvents(chance.of("trouble"), lives) : [];
  const hasController = features.has("kept") || features.has("lost-nodes");
  const controller = hasController ? makeController(chance.of("controller plan")) : undefined;
  const context = { pods, nodes, moments, wanted };
  const about = aboutFeatures(chance.of("events of features"), features, context);
  const leading = controller === undefined ? [] : leaderEvents(chance.of("leaders"), moments);
  const losses =
    controller !== undefined && features.has("lost-nodes") ? nodeLosses(chance.of("losses"), controller, context) : [];
  const operations = [...lives, ...events, ...troubles, ...about, ...leading, ...losses].toSorted(
    (a, b) => a.atMs - b.atMs,
  );
  return { seed, nodes, networks, controller, faultShare, operations };
}

function askShareOf(features: Features): number {
  if (features.has("reserved")) return 0.8;
  return features.has("on-request") ? 0.5 : 0.25;
}

function faultShareOf(features: Features, plain: number): number {
  if (features.has("storm")) return 0.4;
  return features.has("trouble") || features.has("lost-nodes") ? Math.max(plain, 0.2) : plain;
}

/** What has dice of its own. */
function withTraits(node: BareNode, index: number, dice: Dice, features: Features): NodePlan {
  const dayOffsetMs = drawDayOffset(dice);
  const isDenied = features.has("selectors") && dice.happens(0.15);
  const first = 8 * index;
  // The third node has none.
  const podCidrs = index < 2 ? [`10.0.0.${first}/29`, `fd00::${first === 0 ? "" : first}/125`] : [];
  return { ...node, dayOffsetMs, inlinePools: isDenied ? "deny" : "allow", podCidrs };
}

/** Clocks that show the time of day agree, or are minutes and hours off. */
function drawDayOffset(dice: Dice): number {
  return dice.pick([0, 0, -20_000, 20_000, -3_600_000, 3_600_000]);
}

function makeController(dice: Dice): ControllerPlan {
  const dayOffsetMs = drawDayOffset(dice);
  const clockRate = dice.pick([0.9, 1, 1, 1.1]);
  const weather = {
    nodesLagMs: dice.pick([0, 0, 3_000, 20_000]),
    lagMs: dice.pick([0, 0, 0, 3_000, 40_000]),
    cutShare: dice.pick([0, 0.3]),
  };
  const inlinePoolIdleMs = dice.pick([1_000, 40_000, 600_000]);
  return { clockRate, clockOriginMs: FIRST_DAY_MS + dayOffsetMs, dayOffsetMs, weather, inlinePoolIdleMs };
}

function makeNodes(dice: Dice): BareNode[] {
  return Array.from({ length: dice.integer(2, 3) }, (_, index) => ({
    name: `n${index + 1}`,
    clockRate: dice.pick([0.9, 1, 1, 1.1]),
    clockOriginMs: dice.integer(0, 1_000_000),
  }));
}

/** By its name: the server knows one pod of a name. */
function inNamespace(pod: PodPlan): PodPlan {
  return { ...pod, namespace: NAMESPACES[pod.name.charCodeAt(pod.name.length - 1) % 2 === 0 ? 0 : 1] };
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
