import type { Strategy } from "@cluster-ipam/api";
import { Chance, type Dice } from "./chance.ts";
import type { NodePlan, Operation, Plan, PodPlan } from "./plan.ts";
import { podLife } from "./pod-life.ts";
import type { NetworkPlan, PoolPlan, RangePlan } from "./small-network.ts";

/** Everything begins within so long. */
const LENGTH_MS = 30_000;

const STRATEGIES: readonly Strategy[] = ["Spread", "Spread", "Spread", "Sequential", "Sequential", "Index"];

/** The plan of that seed. */
export function makePlan(seed: number): Plan {
  const chance = new Chance(seed);
  const dice = chance.of("plan");
  const nodes = makeNodes(dice);
  const networks = makeNetworks(dice);
  const faultShare = dice.pick([0, 0.03, 0.1, 0.3]);
  const moments = Array.from({ length: 3 }, () => dice.between(0, LENGTH_MS));
  const pods = makePods(dice, nodes);
  const wanted = dice.pick(networks).pool.ranges[0]?.end ?? 1;
  const lives = pods.flatMap((pod) => {
    return podLife({ pod, networks, dice: chance.of(`life of ${pod.uid}`), wanted, moments });
  });
  const events = [...poolEvents(dice, networks, moments), ...nodeEvents(dice, nodes, moments)];
  const operations = [...lives, ...events].toSorted((a, b) => a.atMs - b.atMs);
  return { seed, nodes, networks, faultShare, operations };
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

function makeNetworks(dice: Dice): NetworkPlan[] {
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

function makeRange(dice: Dice, family: 4 | 6): RangePlan {
  const start = dice.integer(0, 12);
  return {
    family,
    start,
    end: Math.min(15, start + dice.integer(1, 5)),
    gateway: dice.happens(0.6) ? dice.integer(1, 14) : undefined,
    exclude: dice.happens(0.3) ? [dice.integer(start, Math.min(15, start + 3))] : [],
  };
}

function poolEvents(dice: Dice, networks: readonly NetworkPlan[], moments: readonly number[]): Operation[] {
  const events: Operation[] = networks
    .filter(({ kind }) => kind !== "inline")
    .map(({ pool }) => ({ atMs: 0, act: { kind: "put-pool", pool } }));
  const edited = networks.find(({ name }) => name === "lan")?.pool;
  if (edited === undefined) return events;
  const families = edited.ranges.map(({ family }) => family);
  if (dice.happens(0.4)) {
    const pool = { ...edited, ranges: families.map((family) => makeRange(dice, family)) };
    events.push({ atMs: near(dice, moments), act: { kind: "put-pool", pool } });
  }
  if (dice.happens(0.2)) {
    const atMs = near(dice, moments);
    const pool = { ...edited, ranges: families.map((family) => makeRange(dice, family)) };
    events.push({ atMs, act: { kind: "delete-pool", name: "lan" } });
    events.push({ atMs: atMs + dice.between(0, 12_000), act: { kind: "put-pool", pool } });
  }
  if (dice.happens(0.2)) events.push({ atMs: near(dice, moments), act: { kind: "delete-pool", name: "side" } });
  if (dice.happens(0.3))
    events.push({ atMs: near(dice, moments), act: { kind: "reserve", number: dice.integer(1, 14) } });
  return events;
}

function nodeEvents(dice: Dice, nodes: readonly NodePlan[], moments: readonly number[]): Operation[] {
  const events: Operation[] = [];
  for (const { name: node } of nodes) {
    if (dice.happens(0.35)) {
      events.push({ atMs: near(dice, moments), act: { kind: "kill", node, downMs: dice.between(10, 4_000) } });
    }
    if (dice.happens(0.08)) {
      events.push({ atMs: near(dice, moments), act: { kind: "reboot", node, downMs: dice.between(500, 8_000) } });
    }
    if (dice.happens(0.3)) {
      const deliveryMs = dice.between(1, dice.pick([5, 300, 6_000]));
      events.push({ atMs: near(dice, moments), act: { kind: "gc", node, network: "lan", deliveryMs } });
    }
  }
  for (const { name: node } of nodes) {
    if (dice.happens(0.4)) events.push({ atMs: near(dice, moments), act: { kind: "reconcile", node } });
  }
  if (dice.happens(0.5)) {
    events.push({ atMs: near(dice, moments), act: { kind: "delete-lease", number: dice.integer(1, 14) } });
  }
  if (dice.happens(0.15)) {
    events.push({ atMs: near(dice, moments), act: { kind: "outage", durationMs: dice.between(50, 20_000) } });
  }
  return events;
}

/** Soon after one of the moments at which things happen together. */
function near(dice: Dice, moments: readonly number[]): number {
  return dice.pick(moments) + dice.between(0, dice.pick([20, 200, 3_000]));
}
