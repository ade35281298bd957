import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { Run } from "./run.ts";
import { isRunning } from "./testing/process-state.ts";
import { waitFor } from "./waiting.ts";

const ENV = { PATH: "/usr/bin:/bin" };

let run: Run;

beforeEach(async () => {
  run = await Run.open();
});

afterEach(async () => {
  await run.close();
});

async function startShell(script: string): Promise<Daemon> {
  return await Daemon.start(run, "shell", { argv: ["sh", "-c", script], env: ENV, logPath: join(run.folder, "log") });
}

/** Waits for the daemon's own word that it is set up. */
async function untilLogged(daemon: Daemon, text: string): Promise<void> {
  const probe = async (): Promise<true | undefined> => ((await daemon.log()).includes(text) ? true : undefined);
  await waitFor(probe, { what: text, timeoutMs: 5_000 });
}

test("stop lets a daemon end by itself and returns its exit code", async () => {
  const daemon = await startShell("trap 'exit 7' TERM; echo up; while :; do sleep 0.02; done");
  await untilLogged(daemon, "up");
  await expect(daemon.stop()).resolves.toBe(7);
  expect(daemon.hasExited).toBe(true);
});

test("stop kills a daemon that does not heed it", async () => {
  const daemon = await startShell("trap '' TERM; echo up; while :; do sleep 0.02; done");
  await untilLogged(daemon, "up");
  await expect(daemon.stop(100)).resolves.toBeUndefined();
  expect(daemon.hasExited).toBe(true);
});

test("a daemon that has ended says with what, and its last words", async () => {
  const daemon = await startShell("echo the disk is full; exit 4");
  await waitFor(() => (daemon.hasExited ? true : undefined), { what: "its end", timeoutMs: 5_000 });
  await expect(daemon.assertRunning()).rejects.toThrow("shell ended with 4:\nthe disk is full");
});

test("a paused daemon does nothing until it is resumed", async () => {
  const daemon = await startShell("i=0; while :; do i=$((i+1)); echo $i; sleep 0.01; done");
  await untilLogged(daemon, "3");
  daemon.pause();
  await new Promise((resolve) => setTimeout(resolve, 50));
  const before = await daemon.log();
  await new Promise((resolve) => setTimeout(resolve, 150));
  expect(await daemon.log()).toBe(before);
  daemon.resume();
  await waitFor(async () => ((await daemon.log()) === before ? undefined : true), { what: "more", timeoutMs: 5_000 });
});

test("a run that is closed has no daemons left", async () => {
  const daemon = await startShell("trap '' TERM; while :; do sleep 0.02; done");
  await run.close();
  expect(daemon.hasExited).toBe(true);
});

test("a daemon dies with a harness that is killed", async () => {
  const modules = ["daemon.ts", "run.ts"].map((name) => JSON.stringify(join(import.meta.dirname, name)));
  const script = `
    import { Daemon } from ${modules[0]};
    import { Run } from ${modules[1]};
    const run = await Run.open();
    const logPath = run.folder + "/log";
    const daemon = await Daemon.start(run, "sleep", { argv: ["sleep", "60"], env: { PATH: "/usr/bin:/bin" }, logPath });
    process.stdout.write(String(daemon.pid));
  `;
  const harness = spawn(process.execPath, ["--input-type=module-typescript", "--eval", script]);
  const [output] = (await once(harness.stdout, "data")) as [Buffer];
  const daemonPid = Number(output.toString());
  expect(isRunning(daemonPid)).toBe(true);
  harness.kill("SIGKILL");
  await waitFor(() => (isRunning(daemonPid) ? undefined : true), { what: "the daemon's end", timeoutMs: 5_000 });
});
