import { mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { runChild } from "../process/child.ts";
import { Failure } from "../process/failure.ts";
import { Progress } from "../process/progress.ts";
import { type Tool, type ToolModule, versionFlags } from "./tool-module.ts";

/** One program to build, and where it goes. */
export interface GoBuild {
  readonly module: ToolModule;
  readonly tool: Tool;
  readonly target: string;
  /** What the progress lines begin with. */
  readonly label: string;
  readonly signal: AbortSignal;
}

/** Builds that take minutes, on two cores without any cache, so that nobody takes the wait for a hang. */
const COLD_MINUTES: Readonly<Record<string, number>> = { "kube-apiserver": 5 };

/** How many of a failed build's last lines are shown. */
const SHOWN_LINES = 20;

/**
 * Builds one program. The target appears complete or not at all, whatever happens on the way.
 *
 * @throws Failure with the compiler's last lines when the build fails.
 */
export async function buildTool(build: GoBuild): Promise<void> {
  const { tool, target } = build;
  const temporary = join(dirname(target), `.${tool.name}.${process.pid}`);
  const output = join(temporary, tool.name);
  using progress = new Progress(build.label);
  const minutes = COLD_MINUTES[tool.name];
  progress.note(`${tool.version}${minutes === undefined ? "" : `, about ${minutes} min on 2 cores with cold caches`}`);
  mkdirSync(temporary, { recursive: true });
  try {
    const packages = await fetchPackages({ ...build, temporary, progress });
    await compile({ ...build, temporary, progress }, output, packages);
    renameSync(output, target);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  progress.done("built");
}

/** A build that has begun. */
interface RunningBuild extends GoBuild {
  /** A folder for everything that is of no use after the build, Go's own files among it: it leaves them when killed. */
  readonly temporary: string;
  readonly progress: Progress;
}

/** Downloads what the program is made of. Returns the number of its packages. */
async function fetchPackages(build: RunningBuild): Promise<number> {
  let downloads = 0;
  let packages = 0;
  build.progress.stage("reading its packages");
  await go(build, ["list", "-deps", build.tool.package], (line) => {
    if (!line.startsWith("go: ")) packages += 1;
    else if (line.startsWith("go: downloading ")) build.progress.stage(`${++downloads} modules downloaded so far`);
  });
  return packages;
}

async function compile(build: RunningBuild, output: string, packages: number): Promise<void> {
  let compiled = 0;
  build.progress.stage("compiling");
  const flags = `-ldflags=-s -w${versionFlags(build.tool)}`;
  await go(build, ["build", "-v", flags, "-o", output, build.tool.package], (line) => {
    const isLast = line === build.tool.package;
    build.progress.stage(isLast ? "linking" : `${++compiled} of at most ${packages} packages compiled`);
  });
}

async function go(build: RunningBuild, args: readonly string[], onLine: (line: string) => void): Promise<void> {
  const tail: string[] = [];
  const exitCode = await runChild({
    command: "env",
    args: ["CGO_ENABLED=0", "GOWORK=off", `GOTMPDIR=${build.temporary}`, "go", ...args],
    cwd: build.module.folder,
    signal: build.signal,
    onLine: (line) => {
      tail.push(line);
      if (tail.length > SHOWN_LINES) tail.shift();
      onLine(line);
    },
  });
  build.signal.throwIfAborted();
  if (exitCode === 0) return;
  throw new Failure(`${build.label}: go ${args[0]} failed\n${tail.join("\n")}`);
}
