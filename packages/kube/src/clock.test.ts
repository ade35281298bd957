import { expect, test } from "vitest";
import { SYSTEM_CLOCK } from "./clock.ts";

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
