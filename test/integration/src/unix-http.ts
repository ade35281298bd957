import { request } from "node:http";

/** One request over a unix socket, on a connection of its own. */
export interface UnixRequest {
  readonly socketPath: string;
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: string | undefined;
  readonly timeoutMs: number;
  /** When it fires, the connection is cut, as when a caller hangs up. */
  readonly signal?: AbortSignal | undefined;
}

/** An answer, whatever its status. */
export interface UnixAnswer {
  readonly status: number;
  readonly body: string;
}

/** Sends one request. @throws Error when nobody listens, or no answer comes within the deadline. */
export async function requestOverSocket(options: UnixRequest): Promise<UnixAnswer> {
  const deadline = AbortSignal.timeout(options.timeoutMs);
  const { promise, resolve, reject } = Promise.withResolvers<UnixAnswer>();
  const call = request({
    socketPath: options.socketPath,
    method: options.method,
    path: options.path,
    agent: false,
    signal: options.signal === undefined ? deadline : AbortSignal.any([options.signal, deadline]),
    headers: { connection: "close", ...(options.body === undefined ? {} : { "content-type": "application/json" }) },
  });
  call.once("error", (cause) =>
    reject(
      new Error(`${options.method} ${options.path} over ${options.socketPath}: no answer: ${cause.message}`, { cause }),
    ),
  );
  call.once("response", (response) => {
    let body = "";
    response.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
    response.once("error", reject).once("end", () => resolve({ status: response.statusCode ?? 0, body }));
  });
  call.end(options.body);
  return await promise;
}
