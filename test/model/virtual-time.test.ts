import { afterEach, beforeEach, expect, test } from "vitest";
import { Actor, VirtualTime } from "./src/virtual-time.ts";
import { ActorClock, installVirtualTimers } from "./src/virtual-timers.ts";

const goOn = (): boolean => false;

let time: VirtualTime;
let told: string[];
let restore: () => void;

beforeEach(() => {
  time = new VirtualTime();
  told = [];
  restore = installVirtualTimers(time);
});

afterEach(() => restore());

function tell(text: string): () => void {
  return () => void told.push(`${text} at ${time.nowMs}`);
}

test("appointments come in the order of their time, and those of one moment in the order in which they were made", async () => {
  const actor = new Actor("a");
  for (const [delayMs, text] of [
    [30, "c"],
    [10, "a"],
    [30, "d"],
    [20, "b"],
  ] as const) {
    time.schedule(actor, delayMs, tell(text));
  }
  time.schedule(actor, 25, tell("never")).cancel();
  await time.runUntil(29, goOn);
  expect(told).toEqual(["a at 10", "b at 20"]);
  expect(time.nowMs).toBe(29);
  await time.runUntil(100, goOn);
  expect(told.slice(2)).toEqual(["c at 30", "d at 30"]);
});

test("what a dead actor had to do is not done, whatever kind of timer it waited for", async () => {
  const [doomed, other] = [new Actor("doomed"), new Actor("other")];
  const clock = new ActorClock(time, doomed, 0);
  time.schedule(doomed, 0, () => {
    setTimeout(tell("timer"), 50);
    AbortSignal.timeout(50).addEventListener("abort", tell("signal"));
    void clock.sleep(50).then(tell("sleep"));
    time.schedule(other, 50, tell("other"));
  });
  time.schedule(other, 10, () => {
    doomed.isAlive = false;
  });
  await time.runUntil(100, goOn);
  expect(told).toEqual(["other at 50"]);
});

test("a step is over when all that follows from it without waiting is done", async () => {
  const actor = new Actor("a");
  time.schedule(actor, 1, () => {
    void (async () => {
      for (let turn = 0; turn < 1_000; turn += 1) await Promise.resolve();
      tell("end")();
    })();
  });
  time.schedule(actor, 1, tell("next"));
  await time.runUntil(10, goOn);
  expect(told).toEqual(["end at 1", "next at 1"]);
});

test("timers and clock of an actor go at the rate of its clock", async () => {
  const slow = new Actor("slow", 0.5);
  const clock = new ActorClock(time, slow, 1_000);
  time.schedule(slow, 100, () => {
    expect(clock.nowMs()).toBeCloseTo(1_050, 3);
    expect(clock.nowMs()).toBeLessThan(clock.nowMs());
    setTimeout(tell("timer"), 10);
    clearTimeout(setTimeout(tell("never"), 10));
    AbortSignal.timeout(20).addEventListener("abort", tell("signal"));
    void clock.sleep(30).then(tell("sleep"));
  });
  await time.runUntil(1_000, goOn);
  expect(told).toEqual(["timer at 120", "signal at 140", "sleep at 160"]);
});

test("a sleep ends with its signal, and only once", async () => {
  const actor = new Actor("a");
  const controller = new AbortController();
  time.schedule(actor, 0, () => void new ActorClock(time, actor, 0).sleep(50, controller.signal).then(tell("woken")));
  time.schedule(actor, 20, () => controller.abort());
  await time.runUntil(100, goOn);
  expect(told).toEqual(["woken at 20"]);
});
