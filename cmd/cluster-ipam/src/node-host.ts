import { readSync, type Stats, statSync, writeSync } from "node:fs";
import type { Host } from "@cluster-ipam/plugin";
import { exchange } from "./agent-exchange.ts";
import { bootTime } from "./boot-time.ts";
import { writeDurably } from "./durable-file.ts";
import { appendText, readText } from "./text-file.ts";

const STDIN = 0;
const OUTPUTS = { stdout: 1, stderr: 2 } as const;
const READ_BYTES = 65_536;
const PIPE_RETRY_MS = 2;

/** The plugin's host on Node. `env` is the environment of the process. */
export function createNodeHost(env: NodeJS.ProcessEnv): Host {
  return {
    readStdin,
    env: () => Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value ?? ""])),
    exchange,
    write,
    writeFile: writeDurably,
    fileAgeMs,
    readFile: readText,
    appendFile: appendText,
    bootTime,
  };
}

function readStdin(): string {
  const chunks: Buffer[] = [];
  for (;;) {
    const chunk = Buffer.allocUnsafe(READ_BYTES);
    const count = whenReady(() => readSync(STDIN, chunk));
    if (count === 0) return Buffer.concat(chunks).toString("utf8");
    chunks.push(chunk.subarray(0, count));
  }
}

function fileAgeMs(path: string): number | undefined {
  const found = findStat(path);
  // A clock that was set back must not make the file older than it is.
  return found === undefined ? undefined : Math.max(0, Date.now() - found.mtimeMs);
}

function findStat(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    // Below a file there is none, nor is there one whose name is too long.
    if (["ENOTDIR", "ENAMETOOLONG"].includes(codeOf(error) ?? "")) return undefined;
    throw error;
  }
}

function write(stream: keyof typeof OUTPUTS, text: string): void {
  const bytes = Buffer.from(text, "utf8");
  let written = 0;
  while (written < bytes.length) {
    try {
      written += whenReady(() => writeSync(OUTPUTS[stream], bytes, written));
    } catch (error) {
      if (codeOf(error) === "EPIPE") return;
      throw error;
    }
  }
}

/** Runs `attempt` until its pipe, which the caller may have made non-blocking, is ready: as a blocking one would. */
function whenReady(attempt: () => number): number {
  for (;;) {
    try {
      return attempt();
    } catch (error) {
      if (codeOf(error) !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PIPE_RETRY_MS);
    }
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
