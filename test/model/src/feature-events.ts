import type { Dice } from "./chance.ts";
import type { Features } from "./features.ts";
import { NAMESPACES, type NodePlan, type Operation, type PodPlan } from "./plan.ts";
import type { HostNumber } from "./small-network.ts";
import { near } from "./world-events.ts";
import type { Zone } from "./zone-selector.ts";

/** What the events are about. */
export interface EventContext {
  readonly pods: readonly PodPlan[];
  readonly nodes: readonly NodePlan[];
  readonly moments: readonly number[];
  /** The address that pods ask for when they ask for one. */
  readonly wanted: HostNumber;
}

/** What happens in a run because of what it is about. */
export function aboutFeatures(dice: Dice, features: Features, context: EventContext): Operation[] {
  return [
    ...(features.has("reserved") ? reservations(dice, context) : []),
    ...(features.has("kept") ? controllerRestarts(dice, context) : []),
    ...(features.has("selectors") ? labels(dice, context) : []),
    ...(features.has("blocks") ? blockEvents(dice, context) : []),
  ];
}

/** Addresses are reserved for pods, the wanted one among them; some reservations end again. */
function reservations(dice: Dice, { pods, moments, wanted }: EventContext): Operation[] {
  return [wanted, dice.integer(1, 14)].flatMap((number): Operation[] => {
    const { name: podName } = dice.pick(pods);
    const atMs = dice.happens(0.7) ? 0 : near(dice, moments);
    const end: Operation = { atMs: near(dice, moments), act: { kind: "end-reservation", number } };
    return [{ atMs, act: { kind: "reserve", number, podName } }, ...(dice.happens(0.3) ? [end] : [])];
  });
}

/** The controller is killed now and then. */
function controllerRestarts(dice: Dice, { moments }: EventContext): Operation[] {
  if (dice.happens(0.6)) return [];
  return [{ atMs: near(dice, moments), act: { kind: "restart-controller", downMs: dice.between(10, 20_000) } }];
}

/** Every node wants its first block at once; a hand deletes a block under its node, in few runs. */
function blockEvents(dice: Dice, { nodes, moments }: EventContext): Operation[] {
  const rushAtMs = near(dice, moments) / 4;
  const rush = nodes.map(({ name: node }, index): Operation => {
    const pod = { name: `rush-${index + 1}`, uid: `r${index + 1}`, node, isVisible: true };
    const attachment = { pod, sandbox: 1, network: "lan", ifName: "net1", fixed: undefined };
    return {
      atMs: rushAtMs + dice.between(0, 8),
      act: { kind: "add", attachment, deliveryMs: 1, hangUpMs: undefined },
    };
  });
  const act = { kind: "delete-block", node: dice.pick(nodes).name } as const;
  return [...rush, ...(dice.happens(0.15) ? [{ atMs: near(dice, moments), act }] : [])];
}

/** Nodes and namespaces have a label from the start or not, and some are labelled anew later. */
function labels(dice: Dice, { nodes, moments }: EventContext): Operation[] {
  const zone = (): Zone => (dice.happens(0.3) ? undefined : dice.pick(["a", "b"] as const));
  const objects = [
    ...nodes.map(({ name }) => ({ of: "node", name }) as const),
    ...NAMESPACES.map((name) => ({ of: "namespace", name }) as const),
  ];
  return objects.flatMap((object): Operation[] => {
    const first: Operation = { atMs: 0, act: { kind: "label", ...object, zone: zone() } };
    const later: Operation = { atMs: near(dice, moments), act: { kind: "label", ...object, zone: zone() } };
    return dice.happens(0.4) ? [first, later] : [first];
  });
}
