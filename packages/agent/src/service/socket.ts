import { createHash } from "node:crypto";
import { chmod, mkdir, rename, rm, stat } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "@cluster-ipam/telemetry";
import type { FastifyInstance } from "fastify";

/** How often a second agent looks whether the first one has gone. */
const LOCK_RETRY_MS = 200;
/** Longest node name that stands in the name of its lock, where `ss -xl` shows it. */
const LOCK_NAME_MAX_BYTES = 80;
/** Owner only: whoever can write to the socket can take every address of the cluster. */
const SOCKET_MODE = 0o600;

/**
 * Becomes the one agent of the node: holds an abstract unix socket named by the node until `close`, or until the process
 * ends, however it ends. Waits while another agent holds it (the old one of an upgrade).
 *
 * Abstract sockets belong to a network namespace: agents of one node must share it (hostNetwork).
 *
 * @throws the reason of `signal`
 */
export async function lockNode(
  node: string,
  { log, signal }: { readonly log: Logger; readonly signal: AbortSignal },
): Promise<Server> {
  for (let attempt = 0; ; attempt += 1) {
    signal.throwIfAborted();
    const lock = await tryListen(lockPath(node));
    if (lock !== undefined) return lock;
    if (attempt === 0) log.warn("another agent holds this node's lock, waiting for it to end");
    await sleep(LOCK_RETRY_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** sun_path of unix(7) has 108 bytes, a node's name may have 253: a long one is told by its hash. */
function lockPath(node: string): string {
  const isShort = Buffer.byteLength(node) <= LOCK_NAME_MAX_BYTES;
  return `\0cluster-ipam-agent/${isShort ? node : createHash("sha256").update(node).digest("hex")}`;
}

function tryListen(path: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((connection) => connection.destroy());
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(undefined);
      else reject(error);
    });
    server.listen({ path }, () => resolve(server));
  });
}

/**
 * Listens on a path of its own, then renames that over `path`: a caller finds the old socket or the new one, never
 * none, and never one that it may not use yet.
 *
 * @returns removes the socket, if it is still the one made here
 */
export function listenOn(server: FastifyInstance, path: string): Promise<() => Promise<void>> {
  return listenAt(path, async (own) => {
    await server.listen({ path: own });
  });
}

/** What {@link listenOn} does, for a listener of any kind: `listen` makes it listen on the path that it is given. */
export async function listenAt(path: string, listen: (own: string) => Promise<void>): Promise<() => Promise<void>> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const own = `${path}.${process.pid}`;
  await rm(own, { force: true });
  await listen(own);
  await chmod(own, SOCKET_MODE);
  const { ino } = await stat(own);
  await rename(own, path);
  return async () => {
    const current = await stat(path).catch(() => undefined);
    if (current?.ino === ino) await rm(path, { force: true });
  };
}
