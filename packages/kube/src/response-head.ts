import type { Answered } from "./kube-request.ts";

/** What is known of an answer before its body. */
export type ResponseHead = Pick<Answered, "status" | "retryAfterMs">;

const DIGITS = /^\d{1,6}$/;
const MS_PER_S = 1_000;

/** Reads the status and what the header Retry-After asks for, where it gives seconds. */
export function readHead(status: number, headers: Readonly<Record<string, unknown>>): ResponseHead {
  const value = headers["retry-after"];
  const isSeconds = typeof value === "string" && DIGITS.test(value);
  return isSeconds ? { status, retryAfterMs: Number(value) * MS_PER_S } : { status };
}
