// Runs every check that needs no test, side by side, and prints one line for each that holds and the whole output of
// each that does not.
import { join, resolve } from "node:path";
import { runChild } from "../process/child.ts";
import { Failure, runMain } from "../process/failure.ts";
import { interruptSignal } from "../process/interrupt.ts";
import { findForbiddenText } from "./forbidden-text.ts";
import { findStaleOutput } from "./generated-files.ts";
import { checkRust } from "./rust.ts";

const ROOT = resolve(import.meta.dirname, "../..");

/** Finds out what is wrong: no line means nothing. */
type Check = (signal: AbortSignal) => Promise<readonly string[]>;

const CHECKS: Readonly<Record<string, Check>> = {
  types: program("tsc", "--build"),
  lint: program("oxlint", "--report-unused-disable-directives"),
  format: program("biome", "check", "--error-on-warnings"),
  "dead exports": program("knip"),
  "generated files": (signal) => findStaleOutput(ROOT, signal),
  rust: (signal) => checkRust(ROOT, signal),
  "forbidden text": (signal) => findForbiddenText(ROOT, signal),
};

/** A check by a program of node_modules, which prints what is wrong. */
function program(name: string, ...args: readonly string[]): Check {
  return async (signal) => {
    const output: string[] = [];
    const command = join(ROOT, "node_modules/.bin", name);
    const exitCode = await runChild({ command, args, cwd: ROOT, signal, onLine: (line) => output.push(line) });
    return exitCode === 0 ? [] : [...output, `${name} ended with status ${exitCode}`];
  };
}

async function run(name: string, check: Check, signal: AbortSignal): Promise<boolean> {
  const startedAtMs = performance.now();
  const problems = await check(signal);
  signal.throwIfAborted();
  const seconds = ((performance.now() - startedAtMs) / 1_000).toFixed(1);
  const verdict = problems.length === 0 ? "ok" : "FAILED";
  process.stdout.write([...problems, `check: ${name}: ${verdict} (${seconds} s)\n`].join("\n"));
  return problems.length === 0;
}

const signal = interruptSignal();
await runMain(async () => {
  const results = await Promise.all(Object.entries(CHECKS).map(([name, check]) => run(name, check, signal)));
  const failures = results.filter((isFine) => !isFine).length;
  if (failures > 0) throw new Failure(`check: ${failures} of ${results.length} failed`);
}, signal);
