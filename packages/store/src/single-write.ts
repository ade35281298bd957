import { setTimeout as sleep } from "node:timers/promises";
import { describeAnswer, type KubeAnswer, type KubeClient, type KubeRequest } from "@cluster-ipam/kube";
import { isFinal, type Operation, refusal } from "./refusal.ts";

/** The part of KubeClient that the stores need. */
export type Api = Pick<KubeClient, "request" | "server">;

/**
 * Bounds of one write. `timeoutMs`: long enough for a busy etcd, short enough for several tries within one ADD. A
 * server that is too busy (429) is asked again within that time, but only while `leastMs` of it are left for the
 * answer; its Retry-After is stretched at random by up to `jitter`, so that not all nodes come back at once.
 */
const WRITE = { timeoutMs: 4_000, leastMs: 1_000, defaultPauseMs: 250, jitter: 0.25 } as const;

const TOO_MANY_REQUESTS = 429;

/** What is written, and where. */
export type WriteRequest = Pick<KubeRequest, "method" | "path" | "body" | "signal">;

/**
 * Makes one attempt at a write. It is repeated only after 429, which says that the server has not begun it.
 *
 * @returns the last answer; a 429 if there was no time left to come back
 */
export async function writeOnce(
  api: Api,
  request: WriteRequest,
  timeoutMs: number = WRITE.timeoutMs,
): Promise<KubeAnswer> {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    const leftMs = deadlineMs - performance.now();
    const answer = await api.request({ ...request, timeoutMs: leftMs });
    if (answer.kind === "failed" || answer.status !== TOO_MANY_REQUESTS) return answer;
    const pauseMs = (answer.retryAfterMs ?? WRITE.defaultPauseMs) * (1 + WRITE.jitter * Math.random());
    if (performance.now() + pauseMs + WRITE.leastMs > deadlineMs) return answer;
    // Rejects when the signal aborts, which the next request sees by itself.
    await sleep(pauseMs, undefined, request.signal && { signal: request.signal }).catch(() => undefined);
  }
}

/** A write that may or may not have happened. */
export interface Unclear {
  readonly kind: "unknown";
  /** Its message names the server. */
  readonly cause: Error;
  /** The same without the server. */
  readonly reason: string;
  /** The server has surely not begun it. */
  readonly isNotBegun: boolean;
  /** How long the server wants to be left alone. */
  readonly retryAfterMs: number | undefined;
}

/**
 * What an answer means that is none of those that the operation has a meaning for.
 *
 * @throws IpamError where it is final
 */
export function unclear(api: Api, operation: Operation, answer: KubeAnswer): Unclear {
  if (answer.kind === "answered" && isFinal(answer.status)) throw refusal(operation, answer.status, answer.body);
  const unclearWrite = unknown(api, describeAnswer(answer), answer.kind === "failed" ? answer.cause : undefined);
  if (answer.kind === "failed") return { ...unclearWrite, isNotBegun: !answer.isSent };
  const { status, retryAfterMs } = answer;
  return { ...unclearWrite, isNotBegun: status === TOO_MANY_REQUESTS, retryAfterMs };
}

/** A write that was done, though its answer was cut off or makes no sense. */
export function unreadable(api: Api, error: unknown): Unclear {
  return unknown(api, "the answer to a write cannot be read", error);
}

function unknown(api: Api, reason: string, cause: unknown): Unclear {
  const error = new Error(`${api.server}: ${reason}`, { cause });
  return { kind: "unknown", cause: error, reason, isNotBegun: false, retryAfterMs: undefined };
}
