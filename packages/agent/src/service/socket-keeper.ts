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
  let close = (): Promise<unknown> => Promise.resolve();
  let isToldOf = false;
  for (;;) {
    await clock.sleep(LOOK_EVERY_MS, signal);
    if (signal.aborted) break;
    if (!(await isMissing(path))) continue;
    try {
      const closed = close();
      close = await listenAgain(server, path);
      await closed;
      isToldOf = false;
      log.error({ path }, "socket was removed, agent listens on a new one");
    } catch (err) {
      if (!isToldOf) log.error({ err, path }, "socket was removed and cannot be made again");
      isToldOf = true;
    }
  }
  await close();
}

/** Only a listener knows how to make a socket: this one hands its connections to the server. */
async function listenAgain(server: FastifyInstance, path: string): Promise<() => Promise<unknown>> {
  const door = createServer((connection) => void server.server.emit("connection", connection));
  const remove = await listenAt(path, (own) => listening(door, own));
  return async () => {
    await remove();
    door.close();
    // The calls that came through it.
    await once(door, "close");
  };
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
