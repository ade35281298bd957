import { once } from "node:events";
import { stat } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import type { Clock } from "@cluster-ipam/allocator";
import type { Logger } from "@cluster-ipam/telemetry";
import type { FastifyInstance } from "fastify";
import { listenAt } from "./socket.ts";

/** Calls wait 3 s for an agent; pods that meet an agent without a socket are tried again by the runtime soon. */
const LOOK_EVERY_MS = 5_000;

/**
 * Makes the socket at `path` again when somebody has removed it, until `signal` aborts: plugins find the agent by it
 * alone. A file that is there, whoever's it is, is left alone: what replaced the socket may serve the node better, and
 * the liveness probe tells. Never rejects; what keeps the socket from being made is told to the log once.
 */
export async function keepReachable(
  server: FastifyInstance,
  path: string,
  { clock, log, signal }: { readonly clock: Pick<Clock, "sleep">; readonly log: Logger; readonly signal: AbortSignal },
): Promise<void> {
  let door: Door | undefined;
  let isToldOf = false;
  for (;;) {
    await clock.sleep(LOOK_EVERY_MS, signal);
    if (signal.aborted) break;
    if (!(await isMissing(path))) continue;
    try {
      // At once, since a listener that is closed removes the path on which it began, and the next one begins there, too.
      const shut = door?.shut();
      door = await listenAgain(server, path);
      await shut;
      isToldOf = false;
      log.error({ path }, "socket was removed, agent listens on a new one");
    } catch (err) {
      if (!isToldOf) log.error({ err, path }, "socket was removed and cannot be made again");
      isToldOf = true;
    }
  }
  await door?.remove();
  await door?.shut();
}

/** A listener beside the server's own. */
interface Door {
  /** Removes its socket, unless another one has its path. */
  readonly remove: () => Promise<void>;
  /** Listens no more, and resolves when the calls that came through it are over. */
  readonly shut: () => Promise<unknown>;
}

/** Only a listener knows how to make a socket: this one hands its connections to the server. */
async function listenAgain(server: FastifyInstance, path: string): Promise<Door> {
  const door = createServer((connection) => void server.server.emit("connection", connection));
  const remove = await listenAt(path, (own) => listening(door, own));
  const shut = (): Promise<unknown> => {
    const closed = once(door, "close");
    door.close();
    return closed;
  };
  return { remove, shut };
}

async function listening(door: Server, path: string): Promise<void> {
  door.listen({ path });
  await once(door, "listening");
}

async function isMissing(path: string): Promise<boolean> {
  try {
    await stat(path);
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ENOENT";
  }
}
