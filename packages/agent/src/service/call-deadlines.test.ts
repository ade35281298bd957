import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startDeadline } from "./call-deadlines.ts";

const SERVER = "https://192.0.2.1:6443";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test.each([
  ["ADD", 10_000, "10 s"],
  ["DEL", 4_500, "4.5 s"],
  ["CHECK", 10_000, "10 s"],
  ["GC", 30_000, "30 s"],
  ["STATUS", 1_000, "1 s"],
] as const)("the deadline of %s comes after %d ms and says what was asked, and how long", (command, limitMs, text) => {
  const { signal } = startDeadline(command, SERVER);
  vi.advanceTimersByTime(limitMs - 1);
  expect(signal.aborted).toBe(false);
  vi.advanceTimersByTime(1);
  expect(signal.reason).toMatchObject({
    code: "apiserver-unreachable",
    message: `${SERVER} gave no usable answer within ${text}`,
  });
});

test("a call that has ended has no deadline and leaves no timer", () => {
  const deadline = startDeadline("ADD", SERVER);
  deadline.clear();
  expect(vi.getTimerCount()).toBe(0);
  vi.advanceTimersByTime(60_000);
  expect(deadline.signal.aborted).toBe(false);
});

test("a caller that hangs up ends the call at once", () => {
  const deadline = startDeadline("ADD", SERVER);
  deadline.hangUp();
  expect(deadline.signal.reason).toMatchObject({ code: "cancelled" });
});

test("the first reason stands: a deadline after a hang-up changes nothing", () => {
  const deadline = startDeadline("ADD", SERVER);
  deadline.hangUp();
  vi.advanceTimersByTime(60_000);
  expect(deadline.signal.reason).toMatchObject({ code: "cancelled" });
});
