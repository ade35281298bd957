import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { killGroup } from "./group.ts";

/** What to run and who hears of its output. */
export interface ChildOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** When it fires, the child and everything that it started are ended, politely first. */
  readonly signal: AbortSignal;
  /** Gets each line of standard output and standard error, as one stream. */
  readonly onLine: (line: string) => void;
}

/**
 * Runs a program in a process group of its own and waits until it is gone.
 *
 * @returns its exit code; 128 or more when a signal ended it.
 * @throws Error when the program cannot be started.
 */
export async function runChild(options: ChildOptions): Promise<number> {
  options.signal.throwIfAborted();
  const child = spawn(options.command, options.args, {
    cwd: options.cwd,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on("line", options.onLine);
  const stop = (): void => killGroup(child);
  options.signal.addEventListener("abort", stop, { once: true });
  try {
    return await new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => resolve(code ?? 128));
    });
  } finally {
    options.signal.removeEventListener("abort", stop);
  }
}
