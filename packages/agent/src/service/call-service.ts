import {
  answerVersion,
  type Command,
  decodeRequest,
  encodeError,
  encodeResult,
  isObject,
  type WireRequest,
} from "@cluster-ipam/cni";
import { IpamError } from "@cluster-ipam/errors";
import type { Logger } from "@cluster-ipam/telemetry";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import type { Agent } from "../agent.ts";
import { type AgentMeter, NO_METER } from "../agent-meter.ts";
import type { CallTrace } from "../trace/call-trace.ts";
import { startDeadline } from "./call-deadlines.ts";

const COMMANDS: ReadonlySet<unknown> = new Set<Command>(["ADD", "DEL", "CHECK", "STATUS", "GC"]);

/** Who is told of calls, beside their callers; nobody when absent. */
export interface CallObservers {
  readonly meter?: AgentMeter;
  readonly trace?: CallTrace;
}

/** How a call ended: what the plugin is to print, and its exit code. */
interface Answer {
  readonly text: string;
  readonly exitCode: 0 | 1;
  /** Of a call that failed. */
  readonly error?: IpamError;
}

/** Serves the calls of the plugin: each gets a result or a CNI error object, with the status that goes with it. */
export class CallService {
  readonly #agent: Agent;
  readonly #log: Logger;
  readonly #meter: AgentMeter;
  readonly #trace: CallTrace | undefined;
  #isClosing = false;

  constructor(agent: Agent, log: Logger, { meter = NO_METER, trace }: CallObservers = {}) {
    this.#agent = agent;
    this.#log = log;
    this.#meter = meter;
    this.#trace = trace;
  }

  /** From now on every call is answered with code 11. */
  close(): void {
    this.#isClosing = true;
  }

  /** Answers one call; what it throws in here is answered too. */
  async serve(request: FastifyRequest<{ Body: WireRequest }>, reply: FastifyReply): Promise<FastifyReply> {
    const startedAtMs = performance.now();
    const { body } = request;
    const carryOut = (): Promise<Answer> => this.#carryOut(body, reply);
    const answer = await (this.#trace === undefined ? carryOut() : this.#trace.observe(body, carryOut));
    return this.#send(answer, body, { reply, startedAtMs });
  }

  /** Answers a request that is not even a call: fastify says why. */
  refuseRequest(cause: FastifyError, { body }: FastifyRequest, reply: FastifyReply): void {
    const isClients = cause.statusCode !== undefined && cause.statusCode < 500;
    const error = isClients
      ? new IpamError("bad-json", `the request is not a CNI call: ${cause.message}`, { cause })
      : IpamError.from(cause);
    void this.#send(refusal(error, body), body, { reply, startedAtMs: performance.now() });
  }

  async #carryOut(wire: WireRequest, reply: FastifyReply): Promise<Answer> {
    try {
      if (this.#isClosing) throw new IpamError("agent-not-ready", "the agent is shutting down");
      return { text: await this.#answer(wire, reply), exitCode: 0 };
    } catch (cause) {
      return refusal(IpamError.from(cause), wire);
    }
  }

  async #answer(wire: WireRequest, reply: FastifyReply): Promise<string> {
    const request = decodeRequest(wire);
    const deadline = startDeadline(request.command, this.#agent.apiServer);
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

  #send(
    { text, error }: Answer,
    body: unknown,
    { reply, startedAtMs }: { readonly reply: FastifyReply; readonly startedAtMs: number },
  ): FastifyReply {
    const durationMs = performance.now() - startedAtMs;
    const env = isObject(body) ? body["env"] : undefined;
    this.#meter.callEnded(commandOf(env), error?.entry.cni ?? 0, durationMs);
    if (error === undefined) return reply.type("application/json").send(text);
    this.#logFailure(error, env, durationMs);
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

function refusal(error: IpamError, wire: unknown): Answer {
  const stdin = isObject(wire) ? wire["stdin"] : undefined;
  return { text: encodeError(error, answerVersion(typeof stdin === "string" ? stdin : "")), exitCode: 1, error };
}

function commandOf(env: unknown): Command | "invalid" {
  const command = isObject(env) ? env["CNI_COMMAND"] : undefined;
  return COMMANDS.has(command) ? (command as Command) : "invalid";
}
