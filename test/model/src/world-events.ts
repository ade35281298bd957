import type { Dice } from "./chance.ts";
import type { Features } from "./features.ts";
import type { AttachmentPlan, NodePlan, Operation } from "./plan.ts";
import { movedPool, withFeatures } from "./pool-plans.ts";
import type { NetworkPlan, PoolPlan } from "./small-network.ts";

/** What administrators do to pools and by hand. */
export function poolEvents(
  dice: Dice,
  networks: readonly NetworkPlan[],
  moments: readonly number[],
  features: Features,
): Operation[] {
  const events: Operation[] = networks
    .filter(({ kind }) => kind !== "inline")
    .map(({ pool }) => ({ atMs: 0, act: { kind: "put-pool", pool } }));
  const lan = networks.find(({ name }) => name === "lan")?.pool;
  if (lan === undefined) return events;
  const edited = (): PoolPlan => withFeatures(dice, features, movedPool(dice, lan));
  if (dice.happens(0.4)) {
    const pool = edited();
    events.push({ atMs: near(dice, moments), act: { kind: "put-pool", pool } });
  }
  if (dice.happens(0.2)) {
    const atMs = near(dice, moments);
    const pool = edited();
    events.push({ atMs, act: { kind: "delete-pool", name: "lan" } });
    events.push({ atMs: atMs + dice.between(0, 12_000), act: { kind: "put-pool", pool } });
  }
  if (dice.happens(0.2)) events.push({ atMs: near(dice, moments), act: { kind: "delete-pool", name: "side" } });
  if (dice.happens(0.3))
    events.push({
      atMs: near(dice, moments),
      act: { kind: "reserve", number: dice.integer(1, 14), podName: undefined },
    });
  return events;
}

/** What happens to nodes and their agents, and to the API server. */
export function nodeEvents(dice: Dice, nodes: readonly NodePlan[], moments: readonly number[]): Operation[] {
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

/** More of what seldom meets a call: see the two kinds. */
export function troubleEvents(dice: Dice, lives: readonly Operation[]): Operation[] {
  return lives.flatMap(({ atMs, act }): Operation[] => {
    if (act.kind === "add") return addTrouble(dice, act.attachment, atMs);
    return act.kind === "del" ? delTrouble(dice, act.attachment.pod.node, atMs) : [];
  });
}

/** The agent is killed over an ADD or over its undo, the lease is deleted by hand, the API server goes away. */
function addTrouble(dice: Dice, attachment: AttachmentPlan, atMs: number): Operation[] {
  const { node } = attachment.pod;
  const soonMs = atMs + dice.between(0, dice.pick([30, 6_000, 6_000, 12_000]));
  if (dice.happens(0.25)) return [{ atMs: soonMs, act: { kind: "kill", node, downMs: dice.between(1, 200) } }];
  if (dice.happens(0.25)) return robbery(dice, attachment, soonMs);
  return dice.happens(0.1) ? [{ atMs: soonMs, act: { kind: "outage", durationMs: dice.between(50, 6_000) } }] : [];
}

/** A lease is deleted under its holder, and somebody else asks for the address. */
function robbery(dice: Dice, attachment: AttachmentPlan, atMs: number): Operation[] {
  const { pod } = attachment;
  const thief = {
    ...attachment,
    pod: { ...pod, name: `${pod.name}-thief`, uid: `${pod.uid}-thief`, isStateful: false },
  };
  const act = { kind: "add", attachment: thief, deliveryMs: 1, hangUpMs: undefined } as const;
  return [
    { atMs, act: { kind: "rob", attachment } },
    { atMs: atMs + dice.between(0, dice.pick([40, 2_000])), act },
  ];
}

/** The agent compares its leases with the server's while a DEL comes. */
function delTrouble(dice: Dice, node: string, atMs: number): Operation[] {
  const earlierMs = Math.max(0, atMs - dice.between(0, dice.pick([10, 30, 300, 4_000])));
  return dice.happens(0.7) ? [{ atMs: earlierMs, act: { kind: "reconcile", node } }] : [];
}

/** Soon after one of the moments at which things happen together. */
export function near(dice: Dice, moments: readonly number[]): number {
  return dice.pick(moments) + dice.between(0, dice.pick([20, 200, 3_000]));
}
