import { answerVersion, decodeRequest, encodeError, encodeResult, isObject, type WireRequest } from "@cluster-ipam/cni";
import { IpamError } from "@cluster-ipam/errors";
import type { Logger } from "@cluster-ipam/telemetry";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import type { Agent } from "./agent.ts";
import { startDeadline } from "./call-deadlines.ts";

/** Serves the calls of the plugin: each gets a result or a CNI error object, with the status that goes with it. */
export class CallService {
  readonly #agent: Agent;
  readonly #log: Logger;
  #isClosing = false;

  constructor(agent: Agent, log: Logger) {
    this.#agent = agent;
    this.#log = log;
  }

  /** From now on every call is answered with code 11. */
  close(): void {
    this.#isClosing = true;
  }

  /** Answers one call; what it throws in here is answered too. */
  async serve(request: FastifyRequest<{ Body: WireRequest }>, reply: FastifyReply): Promise<FastifyReply> {
    const startedAtMs = performance.now();
    try {
      if (this.#isClosing) throw new IpamError("agent-not-ready", "the agent is shutting down");
      const body = await this.#answer(request.body, reply);
      return reply.type("application/json").send(body);
    } catch (cause) {
      return this.#refuse(IpamError.from(cause), request, { reply, startedAtMs });
    }
  }

  /** Answers a request that is not even a call: fastify says why. */
  refuseRequest(cause: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
    const isClients = cause.statusCode !== undefined && cause.statusCode < 500;
    const error = isClients
      ? new IpamError("bad-json", `the request is not a CNI call: ${cause.message}`, { cause })
      : IpamError.from(cause);
    void this.#refuse(error, request, { reply, startedAtMs: performance.now() });
  }

  async #answer(wire: WireRequest, reply: FastifyReply): Promise<string> {
    const request = decodeRequest(wire);
    const deadline = startDeadline(request.command);
    const hangUp = (): void => {
      if (!reply.raw.writableEnded) deadline.hangUp();
    };
    // A DEL is work for the node, whether or not its caller waits for it.
    if (request.command === "ADD") reply.raw.once("close", hangUp);
    try {
      const result = await this.#agent.call(request, deadline.signal);
      return result === undefined ? "" : encodeResult(result, request.cniVersion);
    } finally {
      deadline.clear();
      reply.raw.off("close", hangUp);
    }
  }

  #refuse(
    error: IpamError,
    { body }: FastifyRequest,
    { reply, startedAtMs }: { readonly reply: FastifyReply; readonly startedAtMs: number },
  ): FastifyReply {
    const wire = isObject(body) ? body : {};
    this.#logFailure(error, wire["env"], performance.now() - startedAtMs);
    const stdin = typeof wire["stdin"] === "string" ? wire["stdin"] : "";
    const text = encodeError(error, answerVersion(stdin));
    return reply.code(error.entry.http).type("application/json").send(text);
  }

  #logFailure(err: IpamError, env: unknown, durationMs: number): void {
    const variables = isObject(env) ? env : {};
    const [command, containerId, ifName] = ["CNI_COMMAND", "CNI_CONTAINERID", "CNI_IFNAME"].map(
      (name) => variables[name],
    );
    const fields = { err, command, containerId, ifName, durationMs };
    if (err.code === "internal") this.#log.error(fields, "call failed by a defect");
    else this.#log.warn(fields, "call refused");
  }
}
