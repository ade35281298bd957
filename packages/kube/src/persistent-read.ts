import { setTimeout as sleep } from "node:timers/promises";
import { asError, describeAnswer } from "./failure-text.ts";
import type { KubeClient } from "./kube-client.ts";
import type { KubeAnswer, KubeRequest } from "./kube-request.ts";

/**
 * Pauses between the attempts of one read: 100 ms, doubled each time, at most 2 s, each shortened at random by up to a
 * half so that many nodes do not come back at once. There is no other bound than the caller's signal.
 */
const PAUSE = { firstMs: 100, maxMs: 2_000, jitter: 0.5 } as const;

const OK = 200;
const REQUEST_TIMEOUT = 408;
const TOO_MANY_REQUESTS = 429;
const FIRST_SERVER_ERROR = 500;

/** What to read; `timeoutMs` is for each attempt. */
export type ReadRequest = Pick<KubeRequest, "path" | "query" | "accept" | "timeoutMs">;

/** The server said something final that is no success: 404, 403, 410, … */
export interface Declined {
  readonly kind: "declined";
  readonly status: number;
  readonly body: string;
}

/** The signal came before an answer that could be used. */
export interface Unanswered {
  readonly kind: "unanswered";
  /** What became of the last attempt. */
  readonly cause: Error;
  /** Whether the server answered that attempt, though with nothing to go by. */
  readonly isAnswered: boolean;
  readonly triedMs: number;
}

/** What became of a read; `value` is the JSON of a 200. */
export type ReadOutcome<T = unknown> = { readonly kind: "value"; readonly value: T } | Declined | Unanswered;

/**
 * Reads until there is an answer, or `signal` aborts: failures, 429, 5xx and cut-off JSON are tried again.
 *
 * @param random a source of numbers in [0, 1)
 */
export async function readPersistently(
  client: Pick<KubeClient, "request">,
  request: ReadRequest,
  signal: AbortSignal,
  random: () => number = Math.random,
): Promise<ReadOutcome> {
  const startedAtMs = performance.now();
  let last: KubeAnswer | undefined;
  for (let pauseMs: number = PAUSE.firstMs; !signal.aborted; pauseMs = Math.min(pauseMs * 2, PAUSE.maxMs)) {
    const answer = await client.request({ ...request, method: "GET", signal, isRetry: last !== undefined });
    const outcome = outcomeOf(answer);
    if (outcome !== undefined) return outcome;
    // What the signal cut short says nothing about the server, if there was another answer before.
    if (last === undefined || !signal.aborted) last = answer;
    await pause(pauseMs * (1 - PAUSE.jitter * random()), answer, signal);
  }
  return unanswered(last, signal, performance.now() - startedAtMs);
}

function outcomeOf(answer: KubeAnswer): Exclude<ReadOutcome, Unanswered> | undefined {
  if (answer.kind === "failed") return undefined;
  const { status, body } = answer;
  if (status === OK) return parsed(body);
  if (status === TOO_MANY_REQUESTS || status === REQUEST_TIMEOUT || status >= FIRST_SERVER_ERROR) return undefined;
  return { kind: "declined", status, body };
}

function parsed(body: string): (ReadOutcome & { readonly kind: "value" }) | undefined {
  try {
    return { kind: "value", value: JSON.parse(body) };
  } catch {
    // Cut off by something between the server and us.
    return undefined;
  }
}

async function pause(pauseMs: number, answer: KubeAnswer, signal: AbortSignal): Promise<void> {
  const askedMs = answer.kind === "answered" ? (answer.retryAfterMs ?? 0) : 0;
  // Rejects when the signal aborts, which the loop sees by itself.
  await sleep(Math.max(pauseMs, askedMs), undefined, { signal }).catch(() => undefined);
}

function unanswered(last: KubeAnswer | undefined, signal: AbortSignal, triedMs: number): Unanswered {
  if (last === undefined) return { kind: "unanswered", cause: asError(signal.reason), isAnswered: false, triedMs };
  if (last.kind === "failed") return { kind: "unanswered", cause: last.cause, isAnswered: false, triedMs };
  return { kind: "unanswered", cause: new Error(describeAnswer(last)), isAnswered: true, triedMs };
}
