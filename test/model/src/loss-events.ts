import type { Dice } from "./chance.ts";
import type { EventContext } from "./feature-events.ts";
import type { AttachmentPlan, ControllerPlan, NodePlan, NodeSign, Operation } from "./plan.ts";
import { near } from "./world-events.ts";

/** How long a Node must be missing, by the controller's clock: as the documentation has it. */
const ABSENT_MS = 300_000;
/** Between two looks of the controller, by its clock. */
const ROUND_MS = 30_000;
/** Those who are on a machine when it is lost have come within that time. */
const RESIDENT_MS = 12_000;

/** A machine goes off for good or for a while, or a Node object says so of one that runs; others want its addresses. */
export function nodeLosses(dice: Dice, controller: ControllerPlan, context: EventContext): Operation[] {
  const { nodes, moments } = context;
  const [first, second] = nodes;
  if (first === undefined || second === undefined) return [];
  const atMs = RESIDENT_MS + near(dice, moments);
  if (dice.happens(0.3)) return [doubtOf(dice, first, atMs, controller)];
  const loss = lossOf(dice, first.name, { atMs, controller, context });
  return dice.happens(0.3) ? [...loss, doubtOf(dice, second, near(dice, moments), controller)] : loss;
}

interface LossContext {
  readonly atMs: number;
  readonly controller: ControllerPlan;
  readonly context: EventContext;
}

function lossOf(dice: Dice, node: string, { atMs, controller, context }: LossContext): Operation[] {
  const sign = dice.pick(["absent", "out-of-service", "out-of-service"] as const);
  const signMs = dice.between(0, dice.pick([10, 3_000, 20_000]));
  const evictMs = dice.between(0, dice.pick([100, 3_000, 60_000]));
  // When it is taken for lost at the earliest, from the sign on.
  const lostMs = sign === "absent" ? ABSENT_MS / controller.clockRate : 0;
  const soonMs = (): number => lostMs + dice.between(0, dice.pick([5_000, 40_000, 90_000]));
  const { reads, afterMs } = dice.pick([
    { reads: 0, afterMs: soonMs() },
    // Amid the controller's own look at the node.
    { reads: dice.integer(1, 4), afterMs: dice.between(0, dice.pick([15, 15, 3_000])) },
  ]);
  const back = dice.happens(0.7) ? { reads, afterMs } : undefined;
  const act = { kind: "lose-node", node, sign, signMs, evictMs, back } as const;
  const residents = residentsOf(dice, node, context);
  const heirs = ["a", "b", "c", "d"].map((uid) => heirOf(dice, uid, residents, context));
  return [
    ...residents.flatMap((attachment) => stayOf(dice, attachment, atMs)),
    { atMs, act },
    ...heirs.map((attachment) =>
      addAt(atMs + signMs + dice.pick([0, lostMs]) + dice.between(0, dice.pick([60_000, 150_000])), attachment),
    ),
  ];
}

/** Pods that are on the node when it is lost. */
function residentsOf(dice: Dice, node: string, { wanted }: EventContext): AttachmentPlan[] {
  const fixed = dice.happens(0.4) ? wanted : undefined;
  return [undefined, undefined, fixed].map((asked, index) => {
    const pod = { name: `stay-${index}`, uid: `s${index}`, node, isVisible: true };
    const network = asked === undefined && dice.happens(0.25) ? "side" : "lan";
    return { pod, sandbox: 1, network, ifName: "net1", fixed: asked };
  });
}

/** It comes before the loss, and goes before that, too, now and then. */
function stayOf(dice: Dice, attachment: AttachmentPlan, lossMs: number): Operation[] {
  const atMs = lossMs - dice.between(100, RESIDENT_MS);
  const del = { kind: "del", attachment, deliveryMs: 1, isStripped: false } as const;
  const end = { atMs: atMs + dice.between(50, 3_000), act: del };
  return [addAt(atMs, attachment), ...(dice.happens(0.25) ? [end] : [])];
}

/** A pod on another node, under the name of one of the lost node's or not, that wants its address or whatever comes. */
function heirOf(
  dice: Dice,
  letter: string,
  residents: readonly AttachmentPlan[],
  { nodes, wanted }: EventContext,
): AttachmentPlan {
  const node = dice.pick(nodes.slice(1)).name;
  const name = dice.happens(0.5) ? dice.pick(residents).pod.name : `heir-${letter}`;
  const pod = { name, uid: `heir-${letter}`, node, isVisible: true };
  const fixed = dice.happens(0.4) ? wanted : undefined;
  const network = fixed === undefined && dice.happens(0.4) ? "side" : "lan";
  return { pod, sandbox: 1, network, ifName: "net1", fixed };
}

function addAt(atMs: number, attachment: AttachmentPlan): Operation {
  return { atMs, act: { kind: "add", attachment, deliveryMs: 1, hangUpMs: undefined } };
}

/** Its machine runs on: each time that its object is missing is just too short, however often. */
function doubtOf(
  dice: Dice,
  { name: node }: NodePlan,
  atMs: number,
  { clockRate, weather }: ControllerPlan,
): Operation {
  const shortMs = (): number => ABSENT_MS / clockRate - dice.between(500, ROUND_MS);
  const backMs = (): number => weather.nodesLagMs + dice.between(100, dice.pick([1_000, 20_000, 60_000]));
  const longMs = 2 * ABSENT_MS;
  const missing = (): { sign: NodeSign; forMs: number }[] => [
    { sign: "absent", forMs: shortMs() },
    { sign: "ready", forMs: backMs() },
  ];
  const signs = dice.pick([
    [...missing(), ...missing()],
    missing(),
    [{ sign: "not-ready" as const, forMs: longMs }],
    [{ sign: "tainted" as const, forMs: dice.between(1_000, longMs) }],
  ]);
  const evictMs = dice.happens(0.8) ? dice.between(0, dice.pick([1_000, 60_000])) : undefined;
  return { atMs, act: { kind: "doubt-node", node, signs, evictMs } };
}

/** Leaders are deposed before they know, in some runs. */
export function leaderEvents(dice: Dice, moments: readonly number[]): Operation[] {
  if (dice.happens(0.7)) return [];
  const atMs = near(dice, moments) + dice.between(0, dice.pick([1_000, 60_000, ABSENT_MS + 2 * ROUND_MS]));
  return [{ atMs, act: { kind: "depose-controller", knowsMs: dice.between(0, dice.pick([100, 10_000])) } }];
}
