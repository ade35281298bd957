import { createHash } from "node:crypto";
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { runChild } from "../process/child.ts";

/** In this order: the chart has copies of the definitions. */
const GENERATORS = ["packages/api/src/gen/main.ts", "scripts/chart/main.ts"] as const;
const OUTPUT = ["crds/*", "charts/*/files/crds/*", "charts/*/README.md"];

/** Generates everything anew in place. Returns a line for each file that was not what the sources say. */
export async function findStaleOutput(root: string, signal: AbortSignal): Promise<readonly string[]> {
  const before = hashFiles(root);
  for (const generator of GENERATORS.filter((path) => existsSync(join(root, path)))) {
    const output: string[] = [];
    const args = ["--conditions=@cluster-ipam/source", generator];
    const onLine = (line: string): void => void output.push(line);
    const exitCode = await runChild({ command: process.execPath, args, cwd: root, signal, onLine });
    if (exitCode !== 0) return [...output, `${generator} ended with status ${exitCode}`];
  }
  const after = hashFiles(root);
  const paths = [...new Set([...before.keys(), ...after.keys()])];
  const stale = paths.filter((path) => before.get(path) !== after.get(path));
  return stale.map((path) => `${path} was not what its source says; it has been written anew: commit it`);
}

function hashFiles(root: string): ReadonlyMap<string, string> {
  const hash = (path: string): string =>
    createHash("sha256")
      .update(readFileSync(join(root, path)))
      .digest("hex");
  return new Map(globSync(OUTPUT, { cwd: root }).map((path) => [path, hash(path)]));
}
