import type { Dispatcher } from "undici";
import { TimedOut } from "./exchange.ts";
import { asError } from "./failure-text.ts";
import type { Answered, Failed, KubeRequest } from "./kube-request.ts";
import { LineSplitter } from "./line-splitter.ts";
import { retryAfterMsOf } from "./retry-after.ts";

/** A GET whose answer is taken line by line, for as long as it lasts. */
export interface StreamRequest extends Pick<KubeRequest, "path" | "query" | "accept" | "signal"> {
  /** How long the status may take, the time for credentials and for a new connection included. */
  readonly timeoutMs: number;
  /** How long no byte may come once the status is there: then the connection may be dead. */
  readonly silenceMs: number;
  /** Told once, when the status is there and is 200; must not throw. */
  readonly onOpen?: () => void;
  /** Gets each whole line in turn. What it throws ends the stream, as `failed`. */
  readonly onLine: (line: string) => void;
}

/**
 * How a stream ended.
 *
 * - `ended`: the server ended it, after a whole line.
 * - `silent`: it was given up since nothing came for too long.
 * - `answered`: there was no stream; the status is not 200, and the body has been received.
 * - `failed`: there was no answer, or it broke off, or its signal aborted.
 */
export type StreamEnding = { readonly kind: "ended" } | { readonly kind: "silent" } | Answered | Failed;

/** What goes over the wire. */
export interface StreamExchange {
  readonly origin: string;
  /** Path and query. */
  readonly target: string;
  /** Names and values in turn. */
  readonly headers: string[];
  readonly request: StreamRequest;
  /** Told once, when the status is there and is 200. */
  readonly onOpen: () => void;
}

const OK = 200;
/** What is kept of the body of a refusal: a Status is a few hundred bytes. */
const REFUSAL_MAX_BYTES = 64 << 10;
const MS_PER_S = 1_000;

/** One request and its stream of lines, with no repetition. Never rejects. */
export function streamLines(dispatcher: Dispatcher, exchange: StreamExchange): Promise<StreamEnding> {
  return new Promise((resolve) => {
    const handler = new StreamHandler(resolve, exchange);
    const { origin, target, headers } = exchange;
    // The handler keeps the time: undici's own limit would end every stream that is quiet for five minutes.
    const options = { origin, path: target, method: "GET", headers, headersTimeout: 0, bodyTimeout: 0 } as const;
    try {
      dispatcher.dispatch(options, handler);
    } catch (error) {
      handler.fail(asError(error));
    }
  });
}

class StreamHandler implements Dispatcher.DispatchHandler {
  readonly #resolve: (ending: StreamEnding) => void;
  readonly #request: StreamRequest;
  readonly #onOpen: () => void;
  readonly #lines: LineSplitter;
  readonly #refusal: Buffer[] = [];
  readonly #onAbort = (): void => this.fail(asError(this.#request.signal?.reason));
  #controller: Dispatcher.DispatchController | undefined;
  #timer: NodeJS.Timeout;
  #status = 0;
  #retryAfterMs: number | undefined;
  #refusalBytes = 0;
  #isSettled = false;

  constructor(resolve: (ending: StreamEnding) => void, { request, onOpen }: StreamExchange) {
    this.#resolve = resolve;
    this.#request = request;
    this.#onOpen = onOpen;
    this.#lines = new LineSplitter((line) => {
      // Whoever gave up while lines of one piece were handed over wants none of the others.
      if (!this.#isSettled) request.onLine(line);
    });
    const { signal, timeoutMs } = request;
    this.#timer = setTimeout(() => this.fail(new TimedOut(`no answer within ${timeoutMs / MS_PER_S} s`)), timeoutMs);
    if (signal?.aborted === true) this.#onAbort();
    else signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Throwing keeps the connection, which an abort would close.
    if (this.#isSettled) throw new Error("given up before it was sent");
    this.#controller = controller;
  }

  onResponseStart(_controller: unknown, status: number, headers: Readonly<Record<string, unknown>>): void {
    if (this.#isSettled) return;
    this.#status = status;
    this.#retryAfterMs = retryAfterMsOf(headers);
    if (status !== OK) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#giveUp({ kind: "silent" }), this.#request.silenceMs);
    this.#onOpen();
  }

  onResponseData(_controller: unknown, chunk: Buffer): void {
    if (this.#isSettled) return;
    if (this.#status !== OK) return this.#keepRefusal(chunk);
    this.#timer.refresh();
    try {
      this.#lines.push(chunk);
    } catch (error) {
      this.fail(asError(error));
    }
  }

  onResponseEnd(): void {
    if (this.#isSettled) return;
    if (this.#status !== OK) return this.#settle(this.#answer());
    if (this.#lines.pendingBytes === 0) return this.#settle({ kind: "ended" });
    this.#settle({ kind: "failed", cause: new Error("the stream ended within a line"), isSent: true });
  }

  onResponseError(_controller: unknown, cause: Error): void {
    this.fail(cause);
  }

  /** Gives up, and closes the connection that the request is on. */
  fail(cause: Error): void {
    this.#giveUp({ kind: "failed", cause, isSent: this.#controller !== undefined }, cause);
  }

  #giveUp(ending: StreamEnding, cause: Error = new Error(ending.kind)): void {
    if (this.#isSettled) return;
    this.#settle(ending);
    this.#controller?.abort(cause);
  }

  #keepRefusal(chunk: Buffer): void {
    if (this.#refusalBytes < REFUSAL_MAX_BYTES) this.#refusal.push(chunk);
    this.#refusalBytes += chunk.length;
  }

  #answer(): Answered {
    const answer = { kind: "answered", status: this.#status, body: Buffer.concat(this.#refusal).toString() } as const;
    return this.#retryAfterMs === undefined ? answer : { ...answer, retryAfterMs: this.#retryAfterMs };
  }

  #settle(ending: StreamEnding): void {
    this.#isSettled = true;
    clearTimeout(this.#timer);
    this.#request.signal?.removeEventListener("abort", this.#onAbort);
    this.#resolve(ending);
  }
}
