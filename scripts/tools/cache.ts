import { mkdirSync, readdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { ToolModule } from "./tool-module.ts";

/** Where a module's program lies in the cache: the folder's name changes with every pinned version. */
export function cachedPath(cache: string, module: ToolModule, name: string): string {
  return join(cache, `${module.name}-${module.hash}`, "bin", name);
}

/** Removes what earlier versions of these modules left in the cache, and unfinished files of builds that died. */
export function pruneCache(cache: string, modules: readonly ToolModule[]): void {
  for (const module of modules) {
    const current = `${module.name}-${module.hash}`;
    const isOld = (name: string): boolean => /^[0-9a-f]{16}$/.test(name.slice(module.name.length + 1));
    for (const name of namesIn(cache).filter((entry) => entry.startsWith(`${module.name}-`) && isOld(entry))) {
      if (name !== current) rmSync(join(cache, name), { recursive: true, force: true });
    }
    const bin = join(cache, current, "bin");
    for (const name of namesIn(bin).filter((entry) => entry.startsWith("."))) {
      rmSync(join(bin, name), { recursive: true, force: true });
    }
  }
}

/** Makes a folder hold exactly these symbolic links, each put in place at once so that a reader never misses one. */
export function writeLinks(folder: string, targets: ReadonlyMap<string, string>): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, target] of targets) {
    const path = join(folder, name);
    // Relative within the cache, so that a checkout can be moved with its tools.
    const link = target.startsWith(`${dirname(folder)}/`) ? relative(folder, target) : target;
    if (readLink(path) === link) continue;
    const temporary = join(folder, `.${name}.${process.pid}`);
    rmSync(temporary, { force: true });
    symlinkSync(link, temporary);
    renameSync(temporary, path);
  }
  for (const name of namesIn(folder)) if (!targets.has(name)) rmSync(join(folder, name), { force: true });
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
