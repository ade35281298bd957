import type { Dispatcher } from "undici";
import { asError } from "./failure-text.ts";
import type { Failed, KubeRequest } from "./kube-request.ts";

const MS_PER_S = 1_000;

/** The request was given up after its time-out: the connection that it was on, if any, may be dead. */
export class TimedOut extends Error {
  override readonly name: string = "TimedOut";
}

/**
 * One request on its way. It ends once: with the outcome that its handler finds, with a failure, by its time or by its
 * signal, whatever comes first.
 */
export class Attempt<Outcome> {
  readonly #resolve: (outcome: Outcome | Failed) => void;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = (): void => this.fail(asError(this.#signal?.reason));
  #timer: NodeJS.Timeout;
  #controller: Dispatcher.DispatchController | undefined;
  #isOver = false;

  /** @param resolve told the one outcome */
  constructor(
    resolve: (outcome: Outcome | Failed) => void,
    { timeoutMs, signal }: Pick<KubeRequest, "timeoutMs" | "signal">,
  ) {
    this.#resolve = resolve;
    this.#signal = signal;
    this.#timer = setTimeout(() => this.fail(new TimedOut(`no answer within ${timeoutMs / MS_PER_S} s`)), timeoutMs);
    if (signal?.aborted === true) this.#onAbort();
    else signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Hands the request to undici, whose own limits are off: the attempt keeps the time. */
  send(dispatcher: Dispatcher, options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    try {
      dispatcher.dispatch({ ...options, headersTimeout: 0, bodyTimeout: 0 }, handler);
    } catch (error) {
      this.fail(asError(error));
    }
  }

  /** Called right before the first byte is written. @throws Error when the attempt is over: nothing is written then */
  begin(controller: Dispatcher.DispatchController): void {
    // Throwing keeps the connection, which an abort would close.
    if (this.#isOver) throw new Error("given up before it was sent");
    this.#controller = controller;
  }

  /** Puts another limit in the place of the time-out: so long from now, or from {@link extend} on. */
  limit(ms: number, onTime: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(onTime, ms);
  }

  /** Begins the time of the limit anew. */
  extend(): void {
    this.#timer.refresh();
  }

  /** Gives up without an answer. */
  fail(cause: Error): void {
    this.giveUp({ kind: "failed", cause, isSent: this.#controller !== undefined }, cause);
  }

  /** Ends with an outcome before the answer has, and closes the connection that the request is on. */
  giveUp(outcome: Outcome | Failed, cause: Error): void {
    if (this.#isOver) return;
    this.settle(outcome);
    this.#controller?.abort(cause);
  }

  /** Ends with an outcome. */
  settle(outcome: Outcome | Failed): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#resolve(outcome);
  }
}
