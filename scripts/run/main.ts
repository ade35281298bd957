// Runs a TypeScript program so that it leaves no process behind: `main.ts PROGRAM [ARGUMENT]...`. A signal is passed on
// once, so that the program can put away what it made; whatever still runs after a while, or at a signal from somebody
// who has waited already, is killed.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { killAll, listDescendants, type ProcessIdentity, sendSignal } from "../process/descendants.ts";

/** How long a program has to stop what it started. */
const GRACE_MS = 20_000;

/** One wish to stop may come more than once: from make, which passes a signal on, and to the whole process group. */
const SAME_WISH_MS = 2_000;

/** Looking again for a stopping program's children this often finds those that outlive their parent. */
const WATCH_MS = 250;

const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(2)], {
  stdio: ["ignore", "inherit", "inherit"],
  detached: true,
});

const started = new Map<number, ProcessIdentity>();
let stoppingSinceMs: number | undefined;

function remember(): void {
  for (const found of listDescendants(process.pid)) started.set(found.pid, found);
}

function kill(): void {
  remember();
  killAll([...started.values()]);
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    if (stoppingSinceMs !== undefined) {
      if (performance.now() - stoppingSinceMs > SAME_WISH_MS) kill();
      return;
    }
    stoppingSinceMs = performance.now();
    remember();
    if (child.pid !== undefined) sendSignal(child.pid, signal);
    setInterval(remember, WATCH_MS).unref();
    setTimeout(kill, GRACE_MS).unref();
  });
}

child.on("exit", (code, signal) => {
  // What a program leaves behind when it was stopped belongs to nobody any more.
  if (stoppingSinceMs !== undefined) kill();
  process.exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
});
