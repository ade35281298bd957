import { expect, test } from "vitest";
import { never } from "./testing/agent-world.ts";
import { WakeUp } from "./wake-up.ts";

/** Waits, and notes when that is over. */
function sleeper(wakeUp: WakeUp, signal: AbortSignal): { isAwake: boolean; readonly waiting: Promise<void> } {
  const state = { isAwake: false, waiting: Promise.resolve() };
  state.waiting = wakeUp.wait(signal).then(() => void (state.isAwake = true));
  return state;
}

test("whoever waits is woken by the next call, and not by one before", async () => {
  const wakeUp = new WakeUp();
  wakeUp.call();
  const first = sleeper(wakeUp, never());
  await Promise.resolve();
  expect(first.isAwake).toBe(false);
  wakeUp.call();
  await first.waiting;
  const second = sleeper(wakeUp, never());
  await Promise.resolve();
  expect(second.isAwake).toBe(false);
  wakeUp.call();
  await second.waiting;
});

test("nobody waits for longer than the signal lasts", async () => {
  const wakeUp = new WakeUp();
  await expect(wakeUp.wait(AbortSignal.abort())).resolves.toBeUndefined();
  const controller = new AbortController();
  const one = sleeper(wakeUp, controller.signal);
  await Promise.resolve();
  expect(one.isAwake).toBe(false);
  controller.abort();
  await one.waiting;
  expect(one.isAwake).toBe(true);
});
