import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from "node:fs";

const READ_BYTES = 65_536;
const FILE_MODE = 0o600;
// A pipe must not keep the call waiting for somebody at its other end.
const { O_APPEND, O_CREAT, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/**
 * Reads a file; see Host.readFile for what holds.
 *
 * @throws the error of the file system, but for a file that is missing
 */
export function readText(path: string): string | undefined {
  const descriptor = openExisting(path);
  if (descriptor === undefined) return undefined;
  try {
    if (!fstatSync(descriptor).isFile()) return undefined;
    const bytes = Buffer.alloc(READ_BYTES);
    return bytes.toString("utf8", 0, readSync(descriptor, bytes));
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Adds to a file; see Host.appendFile for what holds.
 *
 * @throws the error of the file system
 */
export function appendText(path: string, text: string, maxBytes: number): void {
  const descriptor = openSync(path, O_APPEND | O_CREAT | O_WRONLY | O_NONBLOCK, FILE_MODE);
  try {
    const found = fstatSync(descriptor);
    if (found.isFile() && found.size < maxBytes) writeSync(descriptor, text);
  } finally {
    closeSync(descriptor);
  }
}

function openExisting(path: string): number | undefined {
  try {
    return openSync(path, O_RDONLY | O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
