import { expect, onTestFinished, test, vi } from "vitest";
import { SYSTEM_CLOCK } from "./clock.ts";

const DAY_MS = 86_400_000;

test("time goes forwards, by as much as was slept", async () => {
  const beforeMs = SYSTEM_CLOCK.nowMs();
  await SYSTEM_CLOCK.sleep(20);
  expect(SYSTEM_CLOCK.nowMs() - beforeMs).toBeGreaterThanOrEqual(19);
});

test("a sleep ends early, and without an error, when its signal aborts", async () => {
  const beforeMs = SYSTEM_CLOCK.nowMs();
  const ended = new AbortController();
  const sleeping = SYSTEM_CLOCK.sleep(60_000, ended.signal);
  ended.abort(new Error("enough"));
  await sleeping;
  await SYSTEM_CLOCK.sleep(60_000, ended.signal);
  expect(SYSTEM_CLOCK.nowMs() - beforeMs).toBeLessThan(10_000);
});

test("a sleep until what is over ends at once, and nothing is warned of", async () => {
  const warnings: string[] = [];
  const onWarning = ({ name }: Error): void => void warnings.push(name);
  process.on("warning", onWarning);
  await SYSTEM_CLOCK.sleep(-0.5);
  // A warning is told in a turn of its own.
  await SYSTEM_CLOCK.sleep(1);
  process.off("warning", onWarning);
  expect(warnings).toEqual([]);
});

test.each([1, 24, 25, 60])("a sleep of %d days ends when they are over and no sooner", async (days) => {
  useFakeTimers();
  let isOver = false;
  void SYSTEM_CLOCK.sleep(days * DAY_MS).then(() => {
    isOver = true;
  });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(isOver).toBe(false);
  await vi.advanceTimersByTimeAsync(days * DAY_MS - 1_001);
  expect(isOver).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(isOver).toBe(true);
});

test("a sleep of months ends early when its signal aborts, and leaves no timer", async () => {
  useFakeTimers();
  const ended = new AbortController();
  const sleeping = SYSTEM_CLOCK.sleep(100 * DAY_MS, ended.signal);
  await vi.advanceTimersByTimeAsync(30 * DAY_MS);
  expect(vi.getTimerCount()).toBe(1);
  ended.abort();
  await sleeping;
  expect(vi.getTimerCount()).toBe(0);
});

function useFakeTimers(): void {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
}
