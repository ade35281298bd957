import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

/** Far more than a resolv.conf or a kernel command line has. */
const SIZE_LIMIT_BYTES = 64 * 1024;

/**
 * Reads a small file of the node as UTF-8, for a path that somebody wrote into a network's configuration.
 *
 * Synchronous, as the section that names it is read: so it must come to an end. A FIFO would wait for a writer and a
 * device might never end, with every call on the node behind it.
 *
 * @throws Error when there is no such file, or it is no regular one, or too large
 */
export function readNodeFile(path: string): string {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    if (!fstatSync(file).isFile()) throw new Error(`${path} is no regular file`);
    const bytes = Buffer.alloc(SIZE_LIMIT_BYTES + 1);
    let length = 0;
    // Files under /proc tell no size, and give a part at a time.
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = readSync(file, bytes, length, bytes.length - length, null);
    }
    if (length > SIZE_LIMIT_BYTES) throw new Error(`${path} is larger than ${SIZE_LIMIT_BYTES} bytes`);
    return bytes.toString("utf8", 0, length);
  } finally {
    closeSync(file);
  }
}
