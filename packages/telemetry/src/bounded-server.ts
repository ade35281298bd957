import { type FastifyInstance, fastify } from "fastify";
import type { ListenAddress } from "./listen-address.ts";

/** Far longer than anybody takes to send a request that has no body. */
const REQUEST_TIMEOUT_MS = 10_000;
/** Prometheus, the kubelet, and some people. */
const CONNECTIONS_MAX = 16;
const HEADERS_MAX_BYTES = 8_192;
/** Nothing here takes a body. */
const BODY_LIMIT_BYTES = 1;

/** An HTTP server without a route, which whoever talks to it cannot make big; closing it ends every connection. */
export function boundedServer(): FastifyInstance {
  const server = fastify({
    logger: false,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: true,
    http: { maxHeaderSize: HEADERS_MAX_BYTES },
  });
  server.server.maxConnections = CONNECTIONS_MAX;
  server.addHook("onRequest", async (_request, reply) => {
    reply.header("cache-control", "no-store");
  });
  return server;
}

/**
 * Listens, and resolves with the port.
 *
 * @throws the error of the network, with the address
 */
export async function listenAt(server: FastifyInstance, address: ListenAddress): Promise<number> {
  return Number(new URL(await server.listen(address)).port);
}
