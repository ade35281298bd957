import { expect, test } from "vitest";
import type { Act, Operation, Plan } from "./src/plan.ts";
import { makePlan } from "./src/plan-generator.ts";
import { shrink } from "./src/shrink.ts";
import type { PoolPlan, RangePlan } from "./src/small-network.ts";
import { formatStory } from "./src/story.ts";
import { runPlan } from "./src/world.ts";

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];
const ACTS = [
  "add",
  "check",
  "del",
  "delete-block",
  "delete-lease",
  "delete-pool",
  "depose-controller",
  "doubt-node",
  "end-reservation",
  "end-sandbox",
  "gc",
  "kill",
  "label",
  "lose-node",
  "outage",
  "put-pool",
  "reboot",
  "reconcile",
  "reserve",
  "restart-controller",
  "rob",
];

const V4: RangePlan = { family: 4, start: 2, end: 5, gateway: 1, exclude: [], assign: "Any" };
const V6: RangePlan = { ...V4, family: 6 };
const LAN: PoolPlan = { name: "lan", addressSpace: "", strategy: "Spread", ranges: [V4, V6] };

function planOf(operations: readonly Operation[]): Plan {
  const nodes = [
    { name: "n1", clockRate: 1, clockOriginMs: 0, dayOffsetMs: 0, podCidrs: [], inlinePools: "allow" as const },
  ];
  return {
    seed: 1,
    nodes,
    networks: [{ name: "lan", kind: "bare", pool: LAN }],
    controller: undefined,
    faultShare: 0,
    operations,
  };
}

function attachmentOf(uid: string) {
  const pod = { name: `pod-${uid}`, uid, node: "n1", isVisible: true };
  return { pod, sandbox: 1, network: "lan", ifName: "net1", fixed: undefined };
}

function addOf(uid: string): Act {
  return { kind: "add", attachment: attachmentOf(uid), deliveryMs: 1, hangUpMs: undefined };
}

function delOf(uid: string): Act {
  return { kind: "del", attachment: attachmentOf(uid), deliveryMs: 1, isStripped: false };
}

test.for(SEEDS)("seed %i tells the same story twice, whatever ran in between", async (seed) => {
  const first = await runPlan(makePlan(seed));
  await runPlan(makePlan(seed + 1_000));
  const second = await runPlan(makePlan(seed));
  expect(formatStory(second.story)).toBe(formatStory(first.story));
  expect(second.faults).toEqual(first.faults);
  expect(first.story.length).toBeGreaterThan(3);
});

test("other seeds tell other stories", async () => {
  const stories = new Set<string>();
  for (const seed of SEEDS) stories.add(formatStory((await runPlan(makePlan(seed))).story));
  expect(stories.size).toBe(SEEDS.length);
});

test("the machine's timers are back after a run", async () => {
  const timers = (): readonly unknown[] => [
    globalThis.setTimeout,
    globalThis.clearTimeout,
    Reflect.get(AbortSignal, "timeout"),
  ];
  const before = timers();
  await runPlan(makePlan(1));
  for (const [index, timer] of timers().entries()) expect(timer).toBe(before[index]);
});

test("the plans meet all that they are about", () => {
  const met = new Set<string>();
  for (let seed = 1; seed <= 200; seed += 1) for (const { act } of makePlan(seed).operations) met.add(act.kind);
  expect([...met].toSorted()).toEqual(ACTS);
});

test("two pods that nothing happens to hold an address of each family, and the rules are kept", async () => {
  const operations = [
    { atMs: 0, act: { kind: "put-pool", pool: LAN } as const },
    { atMs: 100, act: addOf("a") },
    { atMs: 110, act: addOf("b") },
  ];
  const { violation, holders, story } = await runPlan(planOf(operations));
  expect(violation).toBeUndefined();
  expect(holders).toBe(2);
  expect(formatStory(story)).toMatch(
    /ADD of net1 of pod pod-a \(container a-1\) on lan returns 10\.0\.0\.\d and fd00::\d/,
  );
});

test("a story is made as short as the broken rule allows", async () => {
  // The network stands for two families, and its pool has one: any ADD breaks a rule.
  const pool = { ...LAN, ranges: [V4] };
  const noise = Array.from({ length: 12 }, (_, index) => ({ atMs: 50 * index, act: delOf(`noise-${index}`) }));
  const operations = [{ atMs: 0, act: { kind: "put-pool", pool } as const }, ...noise, { atMs: 700, act: addOf("a") }];
  const plan = planOf(operations);
  const first = await runPlan(plan);
  expect(first.violation?.rule).toBe("incomplete-answer");
  const shrunk = await shrink(plan, first);
  expect(shrunk.plan.operations.map(({ act }) => act.kind)).toEqual(["put-pool", "add"]);
  expect(shrunk.outcome.violation?.rule).toBe("incomplete-answer");
});
