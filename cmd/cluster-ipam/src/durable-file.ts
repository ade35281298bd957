import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** Owner only, as for the agent's own folder. */
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/**
 * Writes a file that survives the machine's failure; see Host.writeFile for what holds.
 *
 * @throws the error of the file system
 */
export function writeDurably(path: string, text: string): void {
  const folder = dirname(path);
  const firstMade = mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
  const draft = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(draft, text, { mode: FILE_MODE, flush: true });
    renameSync(draft, path);
  } catch (error) {
    remove(draft);
    throw error;
  }
  // A folder that was made here is on the disk once the one above it is.
  const topmost = firstMade === undefined ? folder : dirname(firstMade);
  for (let changed = folder; changed.length >= topmost.length; changed = dirname(changed)) {
    syncFolder(changed);
    if (changed === "/") return;
  }
}

function remove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // What kept it from being written is told instead.
  }
}

function syncFolder(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
