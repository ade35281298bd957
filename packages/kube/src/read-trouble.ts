import { describeFailure } from "./failure-text.ts";
import type { Answered, Failed } from "./kube-request.ts";
import { parseStatus } from "./kube-status.ts";

/**
 * Why a read gave nothing to go by.
 *
 * - `unreachable`: there was no answer, or not all of it.
 * - `refused`: the server said no, for good or for now.
 * - `garbled`: the answer is none that an API server gives.
 */
export type ReadTrouble =
  | { readonly kind: "unreachable"; readonly message: string }
  | {
      readonly kind: "refused";
      readonly status: number;
      readonly message: string;
      /** How long the server asks to wait. */
      readonly retryAfterMs?: number;
    }
  | { readonly kind: "garbled"; readonly message: string };

/** What an answer that is no success, or no answer, is to a reader. */
export function troubleOf(answer: Answered | Failed): ReadTrouble {
  if (answer.kind === "failed") return { kind: "unreachable", message: describeFailure(answer.cause) };
  const { status, body, retryAfterMs } = answer;
  const refused = { kind: "refused", status, message: parseStatus(body).message } as const;
  return retryAfterMs === undefined ? refused : { ...refused, retryAfterMs };
}
