import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import type { WireRequest } from "@cluster-ipam/cni";
import type { ScriptedAgent } from "./scripted-agent.ts";

/** A program that is the plugin. */
export interface PluginProgram {
  readonly name: string;
  /** The executable and its arguments. */
  readonly command: readonly [string, ...string[]];
}

/** What a call left behind. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly tookMs: number;
}

const SOURCES = resolve(import.meta.dirname, "..");
const NATIVE = resolve(SOURCES, "../../../dist/bin/cluster-ipam");

/**
 * The plugin on each of its hosts: from its sources on Node.js, and the binary that users get.
 *
 * @throws Error where the binary has not been built.
 */
export function pluginPrograms(): readonly PluginProgram[] {
  if (!existsSync(NATIVE)) throw new Error(`${NATIVE} is missing: run make build`);
  const node = [process.execPath, "--conditions=@cluster-ipam/source", join(SOURCES, "main.ts")] as const;
  return [
    { name: "Node.js", command: node },
    { name: "the native host", command: [NATIVE] },
  ];
}

/** Starts the plugin as a runtime does: with the environment given and no other. */
export function startPlugin(
  program: PluginProgram,
  env: Readonly<Record<string, string>>,
  options: SpawnOptions = {},
): ChildProcess {
  const [path, ...args] = program.command;
  return spawn(path, args, { cwd: SOURCES, ...options, env });
}

/** Starts the plugin through a shell that runs `prelude` first; `"$@"` is the plugin there. */
export function startThroughShell(
  program: PluginProgram,
  env: Readonly<Record<string, string>>,
  script: string,
  options: SpawnOptions = {},
): ChildProcess {
  return spawn("/bin/sh", ["-c", script, "sh", ...program.command], { cwd: SOURCES, ...options, env });
}

/** Gives a plugin that has been started its input, or none and no end of it, and waits for its end. */
export async function endOf(child: ChildProcess, stdin: string | Uint8Array | undefined): Promise<Ended> {
  const startedAtMs = performance.now();
  child.stdin?.on("error", () => undefined);
  if (stdin !== undefined) child.stdin?.end(stdin);
  const [stdout, stderr, [status]] = await Promise.all([
    text(outputOf(child.stdout)),
    text(outputOf(child.stderr)),
    once(child, "close"),
  ]);
  return { status, stdout, stderr, tookMs: performance.now() - startedAtMs };
}

/** One call. */
export function runPlugin(
  program: PluginProgram,
  env: Readonly<Record<string, string>>,
  stdin: string | Uint8Array,
): Promise<Ended> {
  return endOf(startPlugin(program, env), stdin);
}

/** What the first call of an agent asked for. */
export function wireOf(agent: ScriptedAgent): WireRequest {
  return JSON.parse(agent.requests[0]?.split("\r\n\r\n")[1] ?? "");
}

/** What comes out of a stream of a plugin; nothing where the caller has none, or has given it up. */
function outputOf(stream: Readable | null): Readable {
  return stream === null || stream.destroyed ? Readable.from([]) : stream;
}
