import type { Dispatcher } from "undici";
import { type Access, serverOf } from "./access.ts";
import type { Circuit, RequestEnding } from "./circuit.ts";
import type { ConfigSource } from "./config-source.ts";
import { Connections } from "./connections.ts";
import { Credentials } from "./credentials.ts";
import { exchange, TimedOut } from "./exchange.ts";
import { asError, describeAnswer, describeFailure } from "./failure-text.ts";
import type { Failed, KubeAnswer, KubeRequest } from "./kube-request.ts";

/** What a {@link KubeClient} is made of. */
export interface KubeClientOptions {
  /** Read once at the start, and again when the server does not accept the credentials. */
  readonly source: ConfigSource;
  /** `<program>/<version>`. */
  readonly userAgent: string;
  /** Told of every request once it is over; must not throw. */
  readonly onAnswer?: (request: KubeRequest, answer: KubeAnswer, durationMs: number) => void;
  /** Asked before each request, and told how it ended; without one every request is sent. */
  readonly circuit?: Circuit;
}

const JSON_TYPE = "application/json";
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
  #isClosed = false;

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
    const ended = this.#circuit?.admit();
    if (this.#circuit !== undefined && ended === undefined) return notSent(notAsked(this.#circuit));
    const startedAtMs = performance.now();
    const answer = await this.#attempt(request, startedAtMs + request.timeoutMs);
    ended?.(this.#endingOf(request, answer));
    this.#onAnswer?.(request, answer, performance.now() - startedAtMs);
    return answer;
  }

  /** Waits for the requests under way, then closes the connections. A later request fails without being sent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#connections.close();
  }

  #endingOf({ signal }: KubeRequest, answer: KubeAnswer): RequestEnding {
    if (answer.kind === "failed") {
      if (this.#isClosed || signal?.aborted === true) return { kind: "abandoned" };
      return { kind: "failed", reason: describeFailure(answer.cause) };
    }
    if (answer.status < FIRST_SERVER_ERROR) return { kind: "answered" };
    return { kind: "failed", reason: describeAnswer(answer) };
  }

  async #attempt(request: KubeRequest, deadlineMs: number): Promise<KubeAnswer> {
    try {
      const fresh = this.#credentials.current();
      const access = fresh instanceof Promise ? await before(deadlineMs, fresh) : fresh;
      const answer = await this.#send(request, access, deadlineMs);
      if (answer.kind === "failed" || answer.status !== UNAUTHORIZED) return answer;
      const renewed = await before(deadlineMs, this.#credentials.renewed(access));
      return await this.#send(request, renewed, deadlineMs);
    } catch (error) {
      return notSent(asError(error));
    }
  }

  async #send(request: KubeRequest, { endpoint, headers }: Access, deadlineMs: number): Promise<KubeAnswer> {
    if (this.#isClosed) return notSent(new Error("the client is closed"));
    const timeoutMs = Math.max(1, Math.ceil(deadlineMs - performance.now()));
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

  #distrust(dispatcher: Dispatcher, { cause, isSent }: Failed): void {
    if (isSent && cause instanceof TimedOut) this.#connections.retire(dispatcher);
  }

  #headers({ body, accept }: KubeRequest, authentication: readonly string[]): string[] {
    const headers = ["user-agent", this.#userAgent, "accept", accept ?? JSON_TYPE, ...authentication];
    if (body !== undefined) headers.push("content-type", JSON_TYPE);
    return headers;
  }
}

/** The server gets the time-out too, so that it does not go on with what nobody waits for. */
function targetOf({ path, query }: KubeRequest, timeoutMs: number): string {
  let target = `${path}?timeout=${timeoutMs}ms`;
  if (query === undefined) return target;
  for (const [name, value] of Object.entries(query)) target += `&${name}=${encodeURIComponent(value)}`;
  return target;
}

function notSent(cause: Error): Failed {
  return { kind: "failed", cause, isSent: false };
}

function notAsked({ state }: Circuit): Error {
  if (state.kind === "closed") return new Error("not asked");
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
