import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type CniCall, cniEnvironment, type Run } from "@cluster-ipam/test-integration";
import { timed } from "./statistics.ts";

/** Processes that are started as fast as the machine can, many at a time. */
export interface ProcessBurst {
  readonly path: string;
  /** An ADD; each process of the burst gets a container and a pod of its own. */
  readonly call: CniCall;
  readonly env: Readonly<Record<string, string>>;
  readonly parallel: number;
  /** Processes that each of the parallel callers starts, one after the other. */
  readonly each: number;
}

/**
 * One caller: a shell, which starts a process with a small part of the work that Node.js needs for it. It waits for a
 * line on its standard input, so that all begin together.
 */
const CALLER = `
read -r _
done=0
while [ "$done" -lt "$EACH" ]; do
  done=$((done + 1))
  CNI_CONTAINERID="$CALLER-$done"
  CNI_ARGS="IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=$CALLER-$done;K8S_POD_UID=$CALLER-$done"
  "$PROGRAM" <"$CONFIG" >"$OUTPUT" || exit 1
done
`;

let callers = 0;

/**
 * Runs the burst.
 *
 * @returns processes a second
 * @throws Error with what a process has printed that ended with another status than 0
 */
export async function burstOfProcesses(run: Run, burst: ProcessBurst): Promise<number> {
  const { path, call, parallel, each, env } = burst;
  const folder = await mkdtemp(join(run.folder, "burst-"));
  const config = join(folder, "config.json");
  await writeFile(config, JSON.stringify(call.config));
  const shells = Array.from({ length: parallel }, (_, index) => {
    const output = join(folder, `output-${index}`);
    const own = {
      EACH: String(each),
      CALLER: `caller-${(callers += 1)}`,
      PROGRAM: path,
      CONFIG: config,
      OUTPUT: output,
    };
    const stdio = ["pipe", "ignore", "inherit"] as const;
    return {
      output,
      shell: spawn("/bin/sh", ["-c", CALLER], { env: { ...env, ...cniEnvironment(call), ...own }, stdio: [...stdio] }),
    };
  });
  await Promise.all(shells.map(({ shell }) => once(shell, "spawn")));
  const durationMs = await timed(() => Promise.all(shells.map(({ shell, output }) => runToEnd(shell, output))));
  return (parallel * each * 1_000) / durationMs;
}

async function runToEnd(shell: ChildProcess, output: string): Promise<void> {
  const closed = once(shell, "close");
  shell.stdin?.end("go\n");
  const [code] = (await closed) as [number | null];
  if (code !== 0) throw new Error(`a process of the burst failed: ${await readFile(output, "utf8")}`);
}
