import type { MetricRegistry } from "@cluster-ipam/telemetry";
import { type FastifyInstance, type FastifyReply, fastify } from "fastify";

/** Far longer than anybody takes who asks for metrics or probes. */
const REQUEST_TIMEOUT_MS = 10_000;
/** Prometheus, the kubelet, and some people. */
const CONNECTIONS_MAX = 16;
const HEADERS_MAX_BYTES = 8_192;
/** Nothing here takes a body. */
const BODY_LIMIT_BYTES = 1;

const OK = 200;
const UNAVAILABLE = 503;
const PLAIN = "text/plain; charset=utf-8";

/** What the server shows. The probes say what is wrong, one sentence each; nothing when all is well. */
export interface ServerOptions {
  readonly metrics: Pick<MetricRegistry, "text" | "contentType">;
  /** Whether a restart would help. */
  readonly healthy: () => readonly string[];
  /** Whether the process can do its work. */
  readonly ready: () => readonly string[];
}

/**
 * The controller's pages for probes and Prometheus: `/healthz`, `/readyz` and `/metrics`. Nothing here changes anything,
 * or is secret.
 */
export function createServer({ metrics, healthy, ready }: ServerOptions): FastifyInstance {
  const server = fastify({
    logger: false,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: true,
    http: { maxHeaderSize: HEADERS_MAX_BYTES },
  });
  server.server.maxConnections = CONNECTIONS_MAX;
  server.addHook("onRequest", async (_request, reply) => void reply.header("cache-control", "no-store"));
  server.get("/metrics", async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));
  server.get("/healthz", (_request, reply) => answer(reply, healthy()));
  server.get("/readyz", (_request, reply) => answer(reply, ready()));
  return server;
}

function answer(reply: FastifyReply, problems: readonly string[]): FastifyReply {
  const text = problems.length === 0 ? "ok" : problems.join("\n");
  return reply
    .code(problems.length === 0 ? OK : UNAVAILABLE)
    .type(PLAIN)
    .send(`${text}\n`);
}
