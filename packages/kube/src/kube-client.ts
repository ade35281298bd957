import type { Dispatcher } from "undici";
import { type Access, serverOf } from "./access.ts";
import { TimedOut } from "./attempt.ts";
import type { Circuit, RequestEnding } from "./circuit.ts";
import type { ConfigSource } from "./config-source.ts";
import { Connections } from "./connections.ts";
import { Credentials } from "./credentials.ts";
import { exchange } from "./exchange.ts";
import { asError, describeAnswer, describeFailure } from "./failure-text.ts";
import type { Answered, Failed, KubeAnswer, KubeRequest } from "./kube-request.ts";
import { type StreamEnding, type StreamRequest, streamLines } from "./line-stream.ts";

/** What a {@link KubeClient} is made of. */
export interface KubeClientOptions {
  /** Read once at the start, and again when the server does not accept the credentials. */
  readonly source: ConfigSource;
  /** `<program>/<version>`. */
  readonly userAgent: string;
  /** Told of every request once it is over, and of a stream once its status is there; must not throw. */
  readonly onAnswer?: (request: KubeRequest, answer: KubeAnswer, durationMs: number) => void;
  /** Asked before each request, and told how it ended; without one every request is sent. */
  readonly circuit?: Circuit;
}

const JSON_TYPE = "application/json";
const OK = 200;
const UNAUTHORIZED = 401;
const FIRST_SERVER_ERROR = 500;

/**
 * Requests to one API server over connections that are kept alive.
 *
 * @example
 * const client = new KubeClient({ source: inCluster(), userAgent: "example/1.0.0" });
 * const answer = await client.request({ method: "GET", path: "/version", timeoutMs: 4_000 });
 */
export class KubeClient {
  /** URL of the API server, for messages. */
  readonly server: string;
  readonly #userAgent: string;
  readonly #onAnswer: KubeClientOptions["onAnswer"];
  readonly #credentials: Credentials;
  readonly #circuit: Circuit | undefined;
  readonly #connections: Connections = new Connections();
  readonly #closing = new AbortController();

  /** @throws Error naming the file, the context or the URL where the configuration cannot be used. */
  constructor({ source, userAgent, onAnswer, circuit }: KubeClientOptions) {
    const config = source();
    const { origin, basePath } = serverOf(config);
    this.server = origin + basePath;
    this.#userAgent = userAgent;
    this.#onAnswer = onAnswer;
    this.#circuit = circuit;
    this.#credentials = new Credentials(source, config, () => performance.now());
  }

  /**
   * Makes one attempt, and never throws for what configuration, network or server did. Only an answer 401 is followed
   * by a second attempt, with credentials read anew: the server has not acted on the first. Fails at once, with nothing
   * sent and nobody told, while the circuit is open.
   */
  async request(request: KubeRequest): Promise<KubeAnswer> {
    const tell = this.#admit(request);
    if (tell === undefined) return notSent(notAsked(this.#circuit));
    const deadlineMs = performance.now() + request.timeoutMs;
    const answer = await this.#attempt(deadlineMs, (access) => this.#send(request, access, deadlineMs));
    tell(answer);
    return answer;
  }

  /**
   * Asks for an answer that lasts, and hands it over line by line. One attempt, as with {@link request}; for the circuit
   * it has ended once the status is there. A stream holds one connection, and is ended by {@link close}.
   */
  async stream(request: StreamRequest): Promise<StreamEnding> {
    const tell = this.#admit(requestOf(request));
    if (tell === undefined) return notSent(notAsked(this.#circuit));
    const deadlineMs = performance.now() + request.timeoutMs;
    const onOpen = (): void => {
      tell({ kind: "answered", status: OK, body: "" });
      request.onOpen?.();
    };
    const ending = await this.#attempt(deadlineMs, (access) => this.#stream(request, { access, deadlineMs, onOpen }));
    if (ending.kind === "answered" || ending.kind === "failed") tell(ending);
    return ending;
  }

  /** Ends the streams, waits for the requests under way and closes the connections. Later requests fail unsent. */
  async close(): Promise<void> {
    this.#closing.abort(new Error("the client is closed"));
    await this.#connections.close();
  }

  /** @returns to be told once how the request ended; undefined where it must not be sent */
  #admit(request: KubeRequest): ((answer: KubeAnswer) => void) | undefined {
    const ended = this.#circuit?.admit();
    if (this.#circuit !== undefined && ended === undefined) return undefined;
    const startedAtMs = performance.now();
    let isTold = false;
    return (answer) => {
      if (isTold) return;
      isTold = true;
      ended?.(this.#endingOf(request, answer));
      this.#onAnswer?.(request, answer, performance.now() - startedAtMs);
    };
  }

  #endingOf({ signal }: KubeRequest, answer: KubeAnswer): RequestEnding {
    if (answer.kind === "failed") {
      if (this.#closing.signal.aborted || signal?.aborted === true) return { kind: "abandoned" };
      return { kind: "failed", reason: describeFailure(answer.cause) };
    }
    if (answer.status < FIRST_SERVER_ERROR) return { kind: "answered" };
    return { kind: "failed", reason: describeAnswer(answer) };
  }

  async #attempt<Ending extends { readonly kind: string }>(
    deadlineMs: number,
    send: (access: Access) => Promise<Ending | Answered | Failed>,
  ): Promise<Ending | Answered | Failed> {
    try {
      const fresh = this.#credentials.current();
      const access = fresh instanceof Promise ? await before(deadlineMs, fresh) : fresh;
      const answer = await send(access);
      if (!isUnauthorized(answer)) return answer;
      return await send(await before(deadlineMs, this.#credentials.renewed(access)));
    } catch (error) {
      return notSent(asError(error));
    }
  }

  async #send(request: KubeRequest, { endpoint, headers }: Access, deadlineMs: number): Promise<KubeAnswer> {
    this.#closing.signal.throwIfAborted();
    const timeoutMs = remainingMs(deadlineMs);
    const dispatcher = this.#connections.dispatcher(endpoint);
    const { origin, basePath } = endpoint;
    const target = basePath + targetOf(request, timeoutMs);
    const answer = await exchange(dispatcher, {
      origin,
      target,
      headers: this.#headers(request, headers),
      request,
      timeoutMs,
    });
    if (answer.kind === "failed") this.#distrust(dispatcher, answer);
    return answer;
  }

  async #stream(request: StreamRequest, { access, deadlineMs, onOpen }: StreamAttempt): Promise<StreamEnding> {
    const closing = this.#closing.signal;
    closing.throwIfAborted();
    const { origin, basePath } = access.endpoint;
    const dispatcher = this.#connections.dispatcher(access.endpoint);
    const signal = request.signal === undefined ? closing : AbortSignal.any([request.signal, closing]);
    const ending = await streamLines(dispatcher, {
      origin,
      target: basePath + targetOf(request),
      headers: this.#headers(request, access.headers),
      request: { ...request, timeoutMs: remainingMs(deadlineMs), signal },
      onOpen,
    });
    if (ending.kind === "silent") this.#connections.retire(dispatcher);
    if (ending.kind === "failed") this.#distrust(dispatcher, ending);
    return ending;
  }

  #distrust(dispatcher: Dispatcher, { cause, isSent }: Failed): void {
    if (isSent && cause instanceof TimedOut) this.#connections.retire(dispatcher);
  }

  #headers({ body, accept }: Pick<KubeRequest, "body" | "accept">, authentication: readonly string[]): string[] {
    const headers = ["user-agent", this.#userAgent, "accept", accept ?? JSON_TYPE, ...authentication];
    if (body !== undefined) headers.push("content-type", JSON_TYPE);
    return headers;
  }
}

/** What a stream is to those who count requests. */
function requestOf({ silenceMs: _silence, onOpen: _open, onLine: _line, ...asked }: StreamRequest): KubeRequest {
  return { ...asked, method: "GET" };
}

interface StreamAttempt {
  readonly access: Access;
  readonly deadlineMs: number;
  readonly onOpen: () => void;
}

function remainingMs(deadlineMs: number): number {
  return Math.max(1, Math.ceil(deadlineMs - performance.now()));
}

/** The server gets the time-out too, where there is one, so that it does not go on with what nobody waits for. */
function targetOf({ path, query = {} }: Pick<KubeRequest, "path" | "query">, timeoutMs?: number): string {
  const parameters = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  if (timeoutMs !== undefined) parameters.unshift(`timeout=${timeoutMs}ms`);
  return parameters.length === 0 ? path : `${path}?${parameters.join("&")}`;
}

function isUnauthorized(answer: { readonly kind: string } | Answered): boolean {
  return answer.kind === "answered" && "status" in answer && answer.status === UNAUTHORIZED;
}

function notSent(cause: Error): Failed {
  return { kind: "failed", cause, isSent: false };
}

function notAsked(circuit: Circuit | undefined): Error {
  const state = circuit?.state;
  if (state === undefined || state.kind === "closed") return new Error("not asked");
  return new Error(`not asked again yet: no usable answer since ${state.since.toISOString()}: ${state.lastFailure}`);
}

/** The value of `promise`, unless the deadline comes first: an exec plugin may hang. */
async function before<T>(deadlineMs: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise<never>((_resolve, reject) => {
    const expire = (): void => reject(new TimedOut("the kubeconfig gave no credentials in time"));
    timer = setTimeout(expire, Math.max(1, deadlineMs - performance.now()));
  });
  try {
    return await Promise.race([promise, expiry]);
  } finally {
    clearTimeout(timer);
  }
}
