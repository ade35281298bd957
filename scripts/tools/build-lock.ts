import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** How often a waiting build looks whether the other one is done. */
const POLL_MS = 500;

/**
 * Makes builds into one cache folder wait for each other. The lock is an abstract unix socket: the kernel gives it
 * back when its process ends, however it ends.
 *
 * @param folder - the cache folder.
 * @param onWait - called once if another process holds the lock.
 */
export async function lockBuilds(folder: string, onWait: () => void, signal: AbortSignal): Promise<AsyncDisposable> {
  const path = `\0cluster-ipam-tools-${createHash("sha256").update(folder).digest("hex")}`;
  for (let attempt = 0; ; attempt++) {
    const server = createServer();
    if (await canListen(server, path)) return { [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
    if (attempt === 0) onWait();
    await delay(POLL_MS, undefined, { signal });
  }
}

async function canListen(server: Server, path: string): Promise<boolean> {
  try {
    server.listen(path);
    await once(server, "listening");
    return true;
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === "EADDRINUSE") return false;
    throw err;
  }
}
