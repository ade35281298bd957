import { type Condition, IPPoolSchema } from "@cluster-ipam/api";
import { expect, test } from "vitest";
import { poolOf } from "../testing/facts.ts";
import { changedConditions, conditionsOf, type PoolFindings } from "./pool-conditions.ts";
import type { PoolCount } from "./pool-count.ts";

const NOW = "2026-03-01T12:00:00Z";
const LATER = "2026-03-01T13:00:00Z";
const EMPTY: PoolCount = {
  capacity: 100n,
  used: 0n,
  reserved: 0n,
  kept: 0n,
  free: 100n,
  freeForAny: 100n,
  outside: 0n,
};

const WELL: PoolFindings = {
  generation: 1,
  count: EMPTY,
  servesAny: true,
  fault: undefined,
  overlapping: [],
  nearlyFullPercent: 90,
  held: { kind: "nothing" },
};

test("a pool that is well is Ready and nothing else, and says so of every condition", () => {
  expect(statuses({})).toEqual({
    Ready: "True",
    Invalid: "False",
    Exhausted: "False",
    NearlyFull: "False",
    Overlapping: "False",
    GarbageHeld: "False",
  });
});

test("leases that are held up are a condition with what to do, from a first look to the next", () => {
  const held = { kind: "held", message: "31 of its leases are not given back" } as const;
  const raised = conditionOf("GarbageHeld", { held });
  expect(raised).toMatchObject({ status: "True", reason: "TooMuchAtOnce", message: held.message });
  const after = (verdict: PoolFindings["held"]): Condition | undefined =>
    conditionsOf({ ...WELL, held: verdict }, [raised], LATER).find(({ type }) => type === "GarbageHeld");
  expect(after(held)).toEqual(raised);
  expect(after({ kind: "nothing" })).toMatchObject({ status: "False", lastTransitionTime: LATER });
});

test("what an earlier leader said of leases that are held up stays until this one has looked", () => {
  const raised = conditionOf("GarbageHeld", { held: { kind: "held", message: "31 of its leases" } });
  const [unknown] = conditionsOf({ ...WELL, held: { kind: "unknown" } }, [raised], LATER).slice(-1);
  expect(unknown).toEqual(raised);
  expect(conditionOf("GarbageHeld", { held: { kind: "unknown" } }).status).toBe("False");
});

test("a pool that overlaps a thousand others names ten, and how many more there are", () => {
  const overlapping = Array.from({ length: 1_000 }, (_, at) => `${String(at).padStart(4, "0")}-${"p".repeat(248)}`);
  const { message } = conditionOf("Overlapping", { overlapping });
  expect(message).toContain(`${overlapping[9]} and 990 more: each address still has one holder`);
  expect(isTakenByServer({ overlapping })).toBe(true);
});

test("a pool that overlaps ten others names them all", () => {
  const overlapping = Array.from({ length: 10 }, (_, at) => `pool-${at}`);
  const text = `shares addresses with ${overlapping.join(", ")}: each address still has one holder`;
  expect(conditionOf("Overlapping", { overlapping }).message).toBe(text);
});

test("what is wrong with a pool is told as far as a condition can hold it", () => {
  const fault = "range 10.0.0.0/24 is no range; ".repeat(2_000);
  expect(conditionOf("Invalid", { fault }).message).toMatch(/^range 10.*…$/);
  expect(isTakenByServer({ fault })).toBe(true);
  const whole = "x".repeat(32_768);
  expect(conditionOf("Invalid", { fault: whole }).message).toBe(whole);
});

test.for<readonly [string, Partial<PoolCount>, Partial<Record<string, string>>]>([
  ["89 % are taken", { used: 89n, free: 11n, freeForAny: 11n }, { NearlyFull: "False", Exhausted: "False" }],
  ["90 % are taken", { used: 80n, reserved: 6n, kept: 4n, free: 10n, freeForAny: 10n }, { NearlyFull: "True" }],
  ["all are taken", { used: 100n, free: 0n, freeForAny: 0n }, { NearlyFull: "True", Exhausted: "True", Ready: "True" }],
  ["what is free is on request", { used: 50n, free: 50n, freeForAny: 0n }, { NearlyFull: "False", Exhausted: "True" }],
  ["it never had any address", { capacity: 0n, free: 0n, freeForAny: 0n }, { NearlyFull: "True", Exhausted: "True" }],
])("conditions where %s", ([, count, expected]) => {
  expect(statuses({ count: { ...EMPTY, ...count } })).toMatchObject(expected);
});

// Of an IPv6 /64: as floating point, the two first counts are one number.
test.for<readonly [bigint, Partial<Record<string, string>>]>([
  [1_844_674_407_370_955_162n, { NearlyFull: "False", Exhausted: "False" }],
  [1_844_674_407_370_955_161n, { NearlyFull: "True", Exhausted: "False" }],
  [1n, { NearlyFull: "True", Exhausted: "False" }],
  [0n, { NearlyFull: "True", Exhausted: "True" }],
])("conditions where %s of 2^64 - 1 addresses are free", ([free, expected]) => {
  const capacity = 2n ** 64n - 1n;
  const count = { ...EMPTY, capacity, used: capacity - free, free, freeForAny: free };
  expect(statuses({ count })).toMatchObject(expected);
});

test.for([
  [50n, "False"],
  [0n, "True"],
] as const)("a pool of addresses on request alone with %s free is Exhausted: %s", ([free, expected]) => {
  const count = { ...EMPTY, used: 100n - free, free, freeForAny: 0n };
  expect(conditionOf("Exhausted", { count, servesAny: false }).status).toBe(expected);
});

test("an exhausted pool says what has its addresses", () => {
  const count = { ...EMPTY, used: 90n, reserved: 3n, kept: 7n, free: 0n, freeForAny: 0n };
  expect(conditionOf("Exhausted", { count }).message).toContain("90 used, 3 reserved and 7 kept of 100");
  const large = { ...count, capacity: 2n ** 64n + 9n, used: 2n ** 64n - 1n };
  expect(conditionOf("Exhausted", { count: large }).message).toContain(
    "18446744073709551615 used, 3 reserved and 7 kept of 18446744073709551625",
  );
});

test("an invalid pool is not Ready, and the condition Invalid says why", () => {
  const fault = "pool lab: ranges[0].start is after end";
  expect(statuses({ fault })).toMatchObject({
    Ready: "False",
    Invalid: "True",
    Exhausted: "False",
    NearlyFull: "False",
  });
  expect(conditionOf("Invalid", { fault }).message).toBe(fault);
});

test("an overlap names the other pools", () => {
  expect(conditionOf("Overlapping", { overlapping: ["blue", "red"] })).toMatchObject({
    status: "True",
    message: expect.stringContaining("blue, red"),
  });
});

test("a condition that stays keeps the time since when it is so, one that changes gets the new one", () => {
  const first = conditionsOf(findings({}), [], NOW);
  const second = conditionsOf(findings({ overlapping: ["blue"], generation: 2 }), first, LATER);
  const times = Object.fromEntries(second.map(({ type, lastTransitionTime }) => [type, lastTransitionTime]));
  expect(times).toMatchObject({ Ready: NOW, Overlapping: LATER });
  expect(second.every(({ observedGeneration }) => observedGeneration === 2)).toBe(true);
  expect(changedConditions(first, second).map(({ type }) => type)).toEqual(["Overlapping"]);
});

test.for<readonly [string, Partial<PoolFindings>, readonly string[]]>([
  ["that is well", {}, []],
  ["that agents refuse", { fault: "ranges[0].start is after end" }, ["Ready", "Invalid"]],
  ["that shares addresses", { overlapping: ["blue"] }, ["Overlapping"]],
  ["that is full", { count: { ...EMPTY, used: 100n, free: 0n, freeForAny: 0n } }, ["Exhausted", "NearlyFull"]],
])("of a new pool %s, those count as changed that say so", ([, some, expected]) => {
  expect(changedConditions([], conditionsOf(findings(some), [], NOW)).map(({ type }) => type)).toEqual(expected);
});

test("a condition of somebody else's stays as it is", () => {
  const foreign: Condition = { type: "Audited", status: "True", reason: "Yes", message: "", lastTransitionTime: NOW };
  expect(conditionsOf(findings({}), [foreign], LATER)).toContainEqual(foreign);
});

function findings(some: Partial<PoolFindings>): PoolFindings {
  return { ...WELL, ...some };
}

function statuses(some: Partial<PoolFindings>): Record<string, string> {
  return Object.fromEntries(conditionsOf(findings(some), [], NOW).map(({ type, status }) => [type, status]));
}

/** Whether the schema that the definition is made of takes these conditions. */
function isTakenByServer(some: Partial<PoolFindings>): boolean {
  const status = { conditions: conditionsOf({ ...WELL, ...some }, [], NOW) };
  return IPPoolSchema.safeParse({ ...poolOf({ name: "lab" }, [{ subnet: "10.0.0.0/24" }]), status }).success;
}

function conditionOf(type: string, some: Partial<PoolFindings>): Condition {
  const found = conditionsOf(findings(some), [], NOW).find((condition) => condition.type === type);
  if (found === undefined) throw new Error(`no condition ${type}`);
  return found;
}
