import { expect, test } from "vitest";
import { CommandError, mustRun, runCommand } from "./command.ts";
import { isRunning } from "./testing/process-state.ts";
import { waitFor } from "./waiting.ts";

test("runCommand gives the program its input and returns what it printed and how it ended", async () => {
  const result = await runCommand(["sh", "-c", "cat; echo oops >&2; exit 3"], { input: "hello" });
  expect(result).toEqual({ exitCode: 3, stdout: "hello", stderr: "oops\n" });
});

test("runCommand gives the program the environment that is asked for, and nothing else", async () => {
  const result = await runCommand(["/usr/bin/env"], { env: { ONLY: "this" } });
  expect(result.stdout).toBe("ONLY=this\n");
});

test("runCommand bears a program that does not read its input", async () => {
  const result = await runCommand(["true"], { input: "x".repeat(1_000_000) });
  expect(result.exitCode).toBe(0);
});

test("runCommand throws when the program is missing", async () => {
  await expect(runCommand(["no-such-program-here"])).rejects.toThrow("ENOENT");
});

test("a command that overruns its deadline is killed with everything that it started", async () => {
  const script = "sleep 60 & echo $! >&2; wait";
  const startedAtMs = performance.now();
  const late = runCommand(["sh", "-c", script], { timeoutMs: 300 });
  const error = await late.then(
    () => undefined,
    (err: Error) => err,
  );
  expect(performance.now() - startedAtMs).toBeLessThan(10_000);
  const [, grandchild] = /still running after 300 ms: (\d+)/.exec(error?.message ?? "") ?? [];
  await waitFor(() => (isRunning(Number(grandchild)) ? undefined : true), { what: "its end", timeoutMs: 2_000 });
});

test("a command ends when its signal fires, and the signal's reason is thrown", async () => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error("enough")), 100);
  await expect(runCommand(["sleep", "60"], { signal: controller.signal })).rejects.toThrow("enough");
});

test("mustRun throws what the command said when it fails", async () => {
  const failing = mustRun(["sh", "-c", "echo not today >&2; exit 2"]);
  await expect(failing).rejects.toThrow(CommandError);
  await expect(failing).rejects.toThrow(/exit code 2: not today$/);
});
