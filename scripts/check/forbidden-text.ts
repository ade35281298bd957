import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { runChild } from "../process/child.ts";
import { Failure } from "../process/failure.ts";

/** What no file may hold, and why. The patterns are written so that this file does not hold it either. */
const FORBIDDEN: readonly { readonly pattern: RegExp; readonly reason: string }[] = [
  { pattern: /(?<![\w.~-])\/(?:root|wor[k]|home\/\w+|Users\/\w+)\//, reason: "a path of one machine" },
  {
    pattern: /https?:\/\/(?:registry|proxy|index|static|deb|packages)\.[\w.]+/,
    reason: "the address of a package registry",
  },
  { pattern: /\bregistry\+https?:/, reason: "the address of a package registry" },
  { pattern: /\b(?:TO(?:DO)|FIX(?:ME)|XX[X]|HAC[K])\b/, reason: "an unfinished mark" },
  { pattern: /@@[A-Z]+@@/, reason: "a placeholder" },
  { pattern: /^(?:<{7}|>{7}) /, reason: "a merge conflict" },
];

/** Looks through every file that git knows or would add. Returns `path:line: reason` for each find. */
export async function findForbiddenText(root: string, signal: AbortSignal): Promise<readonly string[]> {
  const paths: string[] = [];
  const args = ["ls-files", "--cached", "--others", "--exclude-standard"];
  const exitCode = await runChild({ command: "git", args, cwd: root, signal, onLine: (line) => paths.push(line) });
  if (exitCode !== 0) throw new Failure(`check: git ls-files failed: ${paths.join(" ")}`);
  return paths.flatMap((path) => inspectText(path, readText(join(root, path)), [root, homedir()]));
}

/**
 * Looks through one file's text.
 *
 * @param folders - folders of this machine that must not be named either.
 */
export function inspectText(path: string, text: string, folders: readonly string[]): readonly string[] {
  const machine = { reason: "a path of this machine" };
  return text.split("\n").flatMap((line, index) => {
    const found: { readonly reason: string }[] = FORBIDDEN.filter(({ pattern }) => pattern.test(line));
    if (folders.some((folder) => folder.length > 1 && line.includes(`${folder}/`))) found.push(machine);
    return found.map(({ reason }) => `${path}:${index + 1}: ${reason}`);
  });
}

/** A file's text; nothing for one that holds bytes, or that is gone though git still lists it. */
function readText(path: string): string {
  try {
    const text = readFileSync(path, "utf8");
    return text.includes("\0") ? "" : text;
  } catch {
    return "";
  }
}
