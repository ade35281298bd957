import type { Dispatcher } from "undici";
import { Attempt } from "./attempt.ts";
import { asError } from "./failure-text.ts";
import type { Answered, Failed, KubeRequest } from "./kube-request.ts";
import { LineSplitter } from "./line-splitter.ts";
import { type ResponseHead, readHead } from "./response-head.ts";

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

/** One request and its stream of lines, with no repetition. Never rejects. */
export function streamLines(dispatcher: Dispatcher, exchange: StreamExchange): Promise<StreamEnding> {
  return new Promise((resolve) => {
    const { origin, target, headers, request } = exchange;
    const attempt = new Attempt<StreamEnding>(resolve, request);
    const handler = new StreamHandler(attempt, exchange);
    attempt.send(dispatcher, { origin, path: target, method: "GET", headers }, handler);
  });
}

class StreamHandler implements Dispatcher.DispatchHandler {
  readonly #attempt: Attempt<StreamEnding>;
  readonly #request: StreamRequest;
  readonly #onOpen: () => void;
  readonly #lines: LineSplitter;
  readonly #refusal: Buffer[] = [];
  #head: ResponseHead = { status: 0 };
  #refusalBytes = 0;

  constructor(attempt: Attempt<StreamEnding>, { request, onOpen }: StreamExchange) {
    this.#attempt = attempt;
    this.#request = request;
    this.#onOpen = onOpen;
    this.#lines = new LineSplitter((line) => {
      // Whoever gave up while lines of one piece were handed over wants none of the others.
      if (!attempt.isOver) request.onLine(line);
    });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#attempt.begin(controller);
  }

  onResponseStart(_controller: unknown, status: number, headers: Readonly<Record<string, unknown>>): void {
    if (this.#attempt.isOver) return;
    this.#head = readHead(status, headers);
    if (status !== OK) return;
    const giveUp = (): void => this.#attempt.giveUp({ kind: "silent" }, new Error("silent"));
    this.#attempt.limit(this.#request.silenceMs, giveUp);
    this.#onOpen();
  }

  onResponseData(_controller: unknown, chunk: Buffer): void {
    if (this.#attempt.isOver) return;
    if (this.#head.status !== OK) return this.#keepRefusal(chunk);
    this.#attempt.extend();
    try {
      this.#lines.push(chunk);
    } catch (error) {
      this.#attempt.fail(asError(error));
    }
  }

  onResponseEnd(): void {
    this.#attempt.settle(this.#ending());
  }

  onResponseError(_controller: unknown, cause: Error): void {
    this.#attempt.fail(cause);
  }

  #keepRefusal(chunk: Buffer): void {
    if (this.#refusalBytes < REFUSAL_MAX_BYTES) this.#refusal.push(chunk);
    this.#refusalBytes += chunk.length;
  }

  #ending(): StreamEnding {
    if (this.#head.status !== OK) {
      return { kind: "answered", ...this.#head, body: Buffer.concat(this.#refusal).toString() };
    }
    if (this.#lines.pendingBytes === 0) return { kind: "ended" };
    return { kind: "failed", cause: new Error("the stream ended within a line"), isSent: true };
  }
}
