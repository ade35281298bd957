import fc from "fast-check";
import { expect, test } from "vitest";
import { WorkState } from "./work-state.ts";
import { WorkTurns } from "./work-turns.ts";

const DAY_MS = 86_400_000;

test("a key that is worked on again and again, and due in a month, leaves no turns behind", () => {
  const { states, turns } = subject("a", "b");
  for (const state of states.values()) state.askAt(30 * DAY_MS);
  for (const [key, state] of states) turns.give(key, state);
  for (let nowMs = 0; nowMs < 1_000; nowMs += 1) {
    workOn("a", nowMs, { states, turns });
    expect(turns.size).toBeLessThanOrEqual(4);
  }
  expect([turns.next(), turns.take(), turns.next()]).toEqual([
    { key: "b", dueMs: 30 * DAY_MS },
    undefined,
    { key: "a", dueMs: 30 * DAY_MS },
  ]);
});

test("a key that is asked for earlier and earlier has the earliest turn alone", () => {
  const { states, turns } = subject("a");
  for (let dueMs = 1_000; dueMs > 0; dueMs -= 1) {
    for (const [key, state] of states) {
      state.askAt(dueMs);
      expect(turns.give(key, state)).toBe(true);
      expect(turns.give(key, state)).toBe(false);
    }
    expect(turns.size).toBeLessThanOrEqual(2);
  }
  expect(turns.next()).toEqual({ key: "a", dueMs: 1 });
});

test("the next turn is that of the key that is due first, whatever was asked before", () => {
  const keys = ["a", "b", "c", "d"];
  const step = fc.record({ key: fc.constantFrom(...keys), dueMs: fc.nat({ max: 100 }), isWorked: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const { states, turns } = subject(...keys);
      for (const [nowMs, { key, dueMs, isWorked }] of steps.entries()) {
        if (isWorked) workOn(key, nowMs, { states, turns });
        states.get(key)?.askAt(dueMs);
        const state = states.get(key);
        if (state !== undefined) turns.give(key, state);
        const given = [...states.values()].flatMap(({ turnMs }) => turnMs ?? []);
        expect(turns.next()?.dueMs).toBe(Math.min(...given));
        expect(turns.size).toBeLessThanOrEqual(2 * keys.length);
      }
    }),
  );
});

interface Subject {
  readonly states: ReadonlyMap<string, WorkState>;
  readonly turns: WorkTurns;
}

function subject(...keys: readonly string[]): Subject {
  const states = new Map(keys.map((key) => [key, new WorkState()]));
  return { states, turns: new WorkTurns(states) };
}

/** As a queue does whose worker is free: the key is asked for, has its turn, and has the next one once it is done. */
function workOn(key: string, nowMs: number, { states, turns }: Subject): void {
  const state = states.get(key);
  if (state === undefined) throw new Error(`there is no key ${key}`);
  state.ask(nowMs);
  turns.give(key, state);
  state.turnMs = undefined;
  state.begin(nowMs, 0);
  state.succeed();
  turns.give(key, state);
}
