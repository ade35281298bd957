import { readFileSync, writeFileSync } from "node:fs";
import { replaceFile } from "../process/whole-file.ts";

/**
 * Puts `text` into the file at `path`, whole at once, since another build may be reading it. A file that holds it already
 * keeps its time, so that nothing is built again.
 */
export function replaceText(path: string, text: string): void {
  if (readText(path) === text) return;
  replaceFile(path, (temporary) => writeFileSync(temporary, text));
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
