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
