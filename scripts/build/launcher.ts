import * as fs from "node:fs";
import { join } from "node:path";
import { replaceFile } from "../process/whole-file.ts";
import type { Binary } from "./binaries.ts";

const TEMPLATE = join(import.meta.dirname, "launcher.sh");

/**
 * Puts the Node.js that runs this script beside the bundles, so that they need none on the machine.
 *
 * @param dist - the output folder.
 * @param node - path of the Node.js executable.
 */
export function writeRuntime(dist: string, node: string): void {
  const lib = join(dist, "lib");
  // The bundles are CommonJS, whatever a package.json further up says.
  replaceFile(join(lib, "package.json"), (path) => fs.writeFileSync(path, '{ "type": "commonjs" }\n'));
  const target = join(lib, "node");
  if (isSameFile(node, target)) return;
  replaceFile(target, (path) => linkOrCopy(node, path));
}

/** Writes a program's executable into `dist/bin`. */
export function writeLauncher(dist: string, binary: Binary): void {
  const bin = join(dist, "bin");
  const options = binary.nodeOptions.map((option) => `${option} `).join("");
  const script = fs
    .readFileSync(TEMPLATE, "utf8")
    .replaceAll("@NAME@", binary.name)
    .replace("@PRELUDE@\n", binary.prelude === "" ? "" : `${binary.prelude}\n`)
    .replace("@OPTIONS@", options);
  replaceFile(join(bin, binary.name), (path) => {
    fs.writeFileSync(path, script);
    fs.chmodSync(path, 0o755);
  });
}

function linkOrCopy(source: string, target: string): void {
  try {
    fs.linkSync(source, target);
  } catch {
    // Another file system, or one without hard links.
    const { mode, atime, mtime } = fs.statSync(source);
    fs.copyFileSync(source, target);
    fs.chmodSync(target, mode);
    fs.utimesSync(target, atime, mtime);
  }
}

function isSameFile(one: string, other: string): boolean {
  const [a, b] = [one, other].map((path) => fs.statSync(path, { throwIfNoEntry: false }));
  return a !== undefined && b !== undefined && a.size === b.size && (a.ino === b.ino || a.mtimeMs === b.mtimeMs);
}
