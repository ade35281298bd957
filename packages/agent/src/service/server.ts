import { CNI_ROUTE, type WireRequest } from "@cluster-ipam/cni";
import { IpamError } from "@cluster-ipam/errors";
import type { Logger } from "@cluster-ipam/telemetry";
import { type FastifyInstance, fastify } from "fastify";
import type { Agent } from "../agent.ts";
import { type CallObservers, CallService } from "./call-service.ts";

/** Longest body: a network configuration with a prevResult of its own, and room. */
const BODY_LIMIT_BYTES = 4 * 1024 * 1024;

/** What a request must look like to be a call at all; the rest is the protocol's. */
const WIRE_SCHEMA = {
  type: "object",
  required: ["startedAt", "env", "stdin"],
  properties: {
    startedAt: { type: "string" },
    env: { type: "object", additionalProperties: { type: "string" } },
    stdin: { type: "string" },
  },
} as const;

/** What a server is told beside its agent; nothing of it must be. */
export interface ServerOptions extends CallObservers {
  /** Names this process to whoever asks `/healthz`. */
  readonly instance?: string;
}

/**
 * The agent's face on its socket: `POST /v1/cni` for the plugin, `GET /healthz` for people and probes,
 * `POST /v1/reconcile` for people who do not want to wait for the next round. Whatever becomes
 * of a call, its answer is one that the plugin can print.
 */
export function createServer(agent: Agent, log: Logger, options: ServerOptions = {}): FastifyInstance {
  const { instance, ...observers } = options;
  const calls = new CallService(agent, log, observers);
  const server = fastify({
    logger: false,
    bodyLimit: BODY_LIMIT_BYTES,
    forceCloseConnections: "idle",
    // A closing server finishes what runs and refuses the rest itself, in words that the runtime understands.
    return503OnClosing: false,
    // A number where text belongs is a mistake to be told, not to be mended.
    ajv: { customOptions: { coerceTypes: false } },
  });
  server.post<{ Body: WireRequest }>(CNI_ROUTE, {
    schema: { body: WIRE_SCHEMA },
    errorHandler: (error, request, reply) => calls.refuseRequest(error, request, reply),
    handler: (request, reply) => calls.serve(request, reply),
  });
  server.get("/healthz", () => ({ status: "ok", instance, ...agent.health() }));
  server.post("/v1/reconcile", async (_request, reply) => {
    try {
      return await agent.reconcile();
    } catch (cause) {
      const error = IpamError.from(cause);
      return reply.code(error.entry.http).send({ code: error.code, msg: error.message });
    }
  });
  server.addHook("preClose", async () => {
    calls.close();
    // Not before: who reads this may rely on it that no further call is served.
    log.info("agent is shutting down");
  });
  return server;
}
