import type { Dispatcher } from "undici";
import { Attempt } from "./attempt.ts";
import type { Answered, KubeAnswer, KubeRequest } from "./kube-request.ts";
import { type ResponseHead, readHead } from "./response-head.ts";

/** What goes over the wire, and how long its answer may take. */
export interface Exchange {
  readonly origin: string;
  /** Path and query. */
  readonly target: string;
  /** Names and values in turn. */
  readonly headers: string[];
  readonly request: KubeRequest;
  readonly timeoutMs: number;
}

/**
 * One request and its answer, with no repetition. Never rejects.
 *
 * A handler of our own instead of undici's `request()`: the body is small, so that a stream for it would only cost
 * time, and only the dispatcher's own call tells whether anything was sent.
 */
export function exchange(
  dispatcher: Dispatcher,
  { origin, target, headers, request, timeoutMs }: Exchange,
): Promise<KubeAnswer> {
  return new Promise((resolve) => {
    const { method, body, signal } = request;
    const attempt = new Attempt<Answered>(resolve, signal === undefined ? { timeoutMs } : { timeoutMs, signal });
    // Without `reset: false` undici drops the connection after a DELETE with a body.
    const options = { origin, path: target, method, headers, reset: false };
    attempt.send(dispatcher, body === undefined ? options : { ...options, body }, new AnswerHandler(attempt));
  });
}

class AnswerHandler implements Dispatcher.DispatchHandler {
  readonly #attempt: Attempt<Answered>;
  readonly #chunks: Buffer[] = [];
  #head: ResponseHead = { status: 0 };

  constructor(attempt: Attempt<Answered>) {
    this.#attempt = attempt;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#attempt.begin(controller);
  }

  onResponseStart(_controller: unknown, status: number, headers: Readonly<Record<string, unknown>>): void {
    this.#head = readHead(status, headers);
  }

  onResponseData(_controller: unknown, chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    const [first, ...more] = this.#chunks;
    const body = first === undefined ? "" : (more.length === 0 ? first : Buffer.concat(this.#chunks)).toString();
    this.#attempt.settle({ kind: "answered", ...this.#head, body });
  }

  onResponseError(_controller: unknown, cause: Error): void {
    this.#attempt.fail(cause);
  }
}
