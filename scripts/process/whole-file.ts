import { mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Puts a new file in the place of an old one, whole at once: somebody may be reading, or running, the old one just now.
 *
 * @param write - makes the file at the path that it is given; where it fails, the old one stays and nothing else does.
 */
export function replaceFile(path: string, write: (temporary: string) => void): void {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}`;
  rmSync(temporary, { force: true });
  try {
    write(temporary);
    renameSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
}
