import { expect, test } from "vitest";
import { waitFor } from "./waiting.ts";

test("waitFor returns the first thing that the probe finds", async () => {
  let calls = 0;
  const probe = (): number | undefined => (++calls === 3 ? calls : undefined);
  await expect(waitFor(probe, { what: "the third call", timeoutMs: 1_000, intervalMs: 1 })).resolves.toBe(3);
});

test("waitFor counts false and 0 as found", async () => {
  await expect(waitFor(() => false, { what: "anything", timeoutMs: 10 })).resolves.toBe(false);
  await expect(waitFor(() => 0, { what: "anything", timeoutMs: 10 })).resolves.toBe(0);
});

test("waitFor says what it waited for when the time is over", async () => {
  const waiting = waitFor(() => undefined, { what: "Godot", timeoutMs: 20, intervalMs: 5 });
  await expect(waiting).rejects.toThrow("timed out after 20 ms waiting for Godot");
});

test("waitFor passes on at once what the probe throws", async () => {
  let calls = 0;
  const probe = (): never => {
    calls += 1;
    throw new Error("never");
  };
  await expect(waitFor(probe, { what: "anything", timeoutMs: 1_000 })).rejects.toThrow("never");
  expect(calls).toBe(1);
});

test("waitFor ends when its signal fires", async () => {
  const signal = AbortSignal.timeout(20);
  const startedAtMs = performance.now();
  await expect(waitFor(() => undefined, { what: "anything", timeoutMs: 10_000, signal })).rejects.toThrow("timeout");
  expect(performance.now() - startedAtMs).toBeLessThan(2_000);
});
