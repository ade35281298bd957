import type { KubeAnswer } from "./kube-request.ts";
import { parseStatus } from "./kube-status.ts";

/** What went wrong, in words for an error message; an error of several tries names each of them. */
export function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message !== "") return error.message;
  // node:net gives an empty message when every address of a name failed.
  if (error instanceof AggregateError) return error.errors.map(describeFailure).join(", ");
  return error.name;
}

/** `error` itself when it is an Error, else one that says the same. */
export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** Status and sentence of an answer, for messages: `503 etcdserver: request timed out`. */
export function describeAnswer(answer: KubeAnswer): string {
  if (answer.kind === "failed") return describeFailure(answer.cause);
  return `${answer.status} ${parseStatus(answer.body).message}`.trimEnd();
}
