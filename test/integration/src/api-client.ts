import { Agent, request } from "node:https";

/** Where an API server is and who asks. */
export interface ApiAccess {
  /** `https://<address>:<port>`. */
  readonly url: string;
  /** Certificate authority, PEM. */
  readonly ca: string;
  readonly token: string;
}

/** One request. */
export interface ApiRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path and query. */
  readonly path: string;
  readonly body?: string | undefined;
  /** application/json when absent. */
  readonly contentType?: string | undefined;
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** An answer, whatever its status. */
export interface ApiAnswer {
  readonly status: number;
  readonly text: string;
}

const DEFAULT_TIMEOUT_MS = 10_000;

/** Talks to an API server independently of the code under test, over a few connections that stay open. */
export class ApiClient {
  readonly access: ApiAccess;
  readonly #agent: Agent;

  constructor(access: ApiAccess) {
    this.access = access;
    this.#agent = new Agent({ keepAlive: true, ca: access.ca });
  }

  /** Sends one request. @throws Error when no answer comes within the deadline. */
  async send(options: ApiRequest): Promise<ApiAnswer> {
    const deadline = AbortSignal.timeout(options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    const { promise, resolve, reject } = Promise.withResolvers<ApiAnswer>();
    const call = request(new URL(options.path, this.access.url), {
      method: options.method,
      agent: this.#agent,
      signal: options.signal === undefined ? deadline : AbortSignal.any([options.signal, deadline]),
      headers: {
        authorization: `Bearer ${this.access.token}`,
        ...(options.body === undefined ? {} : bodyHeaders(options.body, options.contentType)),
      },
    });
    call.once("error", (cause) =>
      reject(new Error(`${options.method} ${options.path}: no answer: ${cause.message}`, { cause })),
    );
    call.once("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.once("error", reject).once("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    call.end(options.body);
    return await promise;
  }

  /** Reads a JSON document. @throws Error that holds the server's answer when its status is not 200. */
  async get(path: string, signal?: AbortSignal): Promise<unknown> {
    const answer = await this.send({ method: "GET", path, signal });
    if (answer.status !== 200) throw new Error(`GET ${path}: ${describeRefusal(answer)}`);
    return JSON.parse(answer.text);
  }

  /** Creates an object; one that is there already is fine. @throws Error that holds any other refusal. */
  async ensure(path: string, body: string, contentType?: string): Promise<unknown> {
    const answer = await this.send({ method: "POST", path, body, contentType });
    if (answer.status !== 201 && answer.status !== 409) throw new Error(`POST ${path}: ${describeRefusal(answer)}`);
    return JSON.parse(answer.text);
  }

  /** Drops the connections: after the server has gone they are good for nothing. */
  disconnect(): void {
    this.#agent.destroy();
  }
}

/** Node.js gives the body of a DELETE no length by itself: the rest of it would be read as the next request. */
function bodyHeaders(body: string, contentType = "application/json"): Readonly<Record<string, string>> {
  return { "content-type": contentType, "content-length": String(Buffer.byteLength(body)) };
}

function describeRefusal({ status, text }: ApiAnswer): string {
  try {
    return `${status} ${(JSON.parse(text) as { message?: string }).message ?? text}`;
  } catch {
    return `${status} ${text}`;
  }
}
