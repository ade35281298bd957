// Puts every test tool into .cache/tools/bin: from $KUBEBUILDER_ASSETS, from the machine (kubectl), or built from the
// Go modules below test/tools. Prints nothing but one line when all of them are there already. `main.ts cluster` does so
// with those that only the cluster's tests need, from test/cluster/tools into .cache/cluster-tools/bin.
import { join, resolve } from "node:path";
import { Failure, runMain } from "../process/failure.ts";
import { interruptSignal } from "../process/interrupt.ts";
import { formatElapsed } from "../process/progress.ts";
import { lockBuilds } from "./build-lock.ts";
import { cachedPath, pruneCache, writeLinks } from "./cache.ts";
import { buildTool } from "./go-build.ts";
import { requireGo } from "./go-version.ts";
import { findKubectl, isExecutable, readAssets } from "./machine-tools.ts";
import { readToolModules, type Tool, type ToolModule } from "./tool-module.ts";

const ROOT = resolve(import.meta.dirname, "../..");

/** A set of its own has a cache of its own, so that pruning one leaves the other alone. */
const isCluster = process.argv[2] === "cluster";
const MODULES = join(ROOT, isCluster ? "test/cluster/tools" : "test/tools");
const CACHE = join(ROOT, isCluster ? ".cache/cluster-tools" : ".cache/tools");
const LINKS = join(CACHE, "bin");

interface Wanted {
  readonly module: ToolModule;
  readonly tool: Tool;
}

async function provideTools(signal: AbortSignal): Promise<void> {
  const modules = readToolModules(MODULES);
  const all = modules.flatMap((module) => module.tools.map((tool): Wanted => ({ module, tool })));
  const provided = await findProvided(all);
  const built = all.filter(({ tool }) => !provided.has(tool.name));
  const say = (text: string): void => void process.stdout.write(`test tools: ${text}\n`);
  await using _lock = await lockBuilds(CACHE, () => say("waiting for another build in this checkout"), signal);
  const startedAtMs = performance.now();
  const missing = built.filter(({ module, tool }) => !isExecutable(cachedPath(CACHE, module, tool.name)));
  if (missing.length > 0) await buildAll(missing, signal);
  pruneCache(CACHE, modules);
  writeLinks(LINKS, new Map([...provided, ...built.map(linkTo)]));
  say(
    missing.length === 0
      ? "up to date"
      : `${missing.length} built in ${formatElapsed(performance.now() - startedAtMs)}`,
  );
}

/** The tools that need no building, as name and path. */
async function findProvided(all: readonly Wanted[]): Promise<ReadonlyMap<string, string>> {
  const { KUBEBUILDER_ASSETS: assets, PATH: searchPath = "" } = process.env;
  const kubectl = all.find(({ tool }) => tool.name === "kubectl");
  if (kubectl === undefined) return new Map();
  if (assets !== undefined && assets !== "") return readAssets(assets);
  // The links are on PATH of whoever uses them: what they name is not the machine's own.
  const outside = searchPath.split(":").filter((folder) => resolve(folder) !== LINKS);
  const path = await findKubectl(outside.join(":"), kubectl.tool);
  return new Map(path === undefined ? [] : [["kubectl", path]]);
}

async function buildAll(missing: readonly Wanted[], signal: AbortSignal): Promise<void> {
  requireGo();
  for (const [index, { module, tool }] of missing.entries()) {
    const label = `test tools: ${tool.name} (${index + 1} of ${missing.length})`;
    await buildTool({ module, tool, target: cachedPath(CACHE, module, tool.name), label, signal });
  }
}

function linkTo({ module, tool }: Wanted): [name: string, path: string] {
  const path = cachedPath(CACHE, module, tool.name);
  if (!isExecutable(path)) throw new Failure(`test tools: ${tool.name} is not there after its build: ${path}`);
  return [tool.name, path];
}

const signal = interruptSignal();
await runMain(() => provideTools(signal), signal);
