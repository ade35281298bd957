import type { Dispatcher } from "undici";
import { asError } from "./failure-text.ts";
import type { KubeAnswer, KubeRequest } from "./kube-request.ts";
import { retryAfterMsOf } from "./retry-after.ts";

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

const MS_PER_S = 1_000;

/** The request was given up after its time-out: the connection that it was on, if any, may be dead. */
export class TimedOut extends Error {
  override readonly name: string = "TimedOut";
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
    const handler = new ExchangeHandler(resolve, { timeoutMs, signal });
    // Without `reset: false` undici drops the connection after a DELETE with a body. The handler keeps the time.
    const options = { origin, path: target, method, headers, reset: false, headersTimeout: 0, bodyTimeout: 0 };
    try {
      dispatcher.dispatch(body === undefined ? options : { ...options, body }, handler);
    } catch (error) {
      handler.fail(asError(error));
    }
  });
}

interface Limits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

class ExchangeHandler implements Dispatcher.DispatchHandler {
  readonly #resolve: (answer: KubeAnswer) => void;
  readonly #signal: AbortSignal | undefined;
  readonly #timer: NodeJS.Timeout;
  readonly #chunks: Buffer[] = [];
  readonly #onAbort = (): void => this.fail(asError(this.#signal?.reason));
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #retryAfterMs: number | undefined;
  #isSettled = false;

  constructor(resolve: (answer: KubeAnswer) => void, { timeoutMs, signal }: Limits) {
    this.#resolve = resolve;
    this.#signal = signal;
    this.#timer = setTimeout(() => this.fail(new TimedOut(`no answer within ${timeoutMs / MS_PER_S} s`)), timeoutMs);
    if (signal?.aborted === true) this.#onAbort();
    else signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Called right before the first byte is written. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Throwing keeps the connection, which an abort would close.
    if (this.#isSettled) throw new Error("given up before it was sent");
    this.#controller = controller;
  }

  onResponseStart(_controller: unknown, status: number, headers: Readonly<Record<string, unknown>>): void {
    this.#status = status;
    this.#retryAfterMs = retryAfterMsOf(headers);
  }

  onResponseData(_controller: unknown, chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    const [first, ...more] = this.#chunks;
    const body = first === undefined ? "" : (more.length === 0 ? first : Buffer.concat(this.#chunks)).toString();
    const retryAfterMs = this.#retryAfterMs;
    const answer = { kind: "answered", status: this.#status, body } as const;
    this.#settle(retryAfterMs === undefined ? answer : { ...answer, retryAfterMs });
  }

  onResponseError(_controller: unknown, cause: Error): void {
    this.fail(cause);
  }

  /** Gives up, and closes the connection that the request is on. */
  fail(cause: Error): void {
    if (this.#isSettled) return;
    this.#settle({ kind: "failed", cause, isSent: this.#controller !== undefined });
    this.#controller?.abort(cause);
  }

  #settle(answer: KubeAnswer): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#resolve(answer);
  }
}
