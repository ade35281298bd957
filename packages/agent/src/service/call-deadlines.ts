import type { Command } from "@cluster-ipam/cni";
import { IpamError } from "@cluster-ipam/errors";

/**
 * How long a verb may take before what it waits for is given up. A write under way then still has the store's own
 * time-out, and its undo another one: an ADD has answered within 20 s, whatever the API server does.
 */
const DEADLINE_MS: Readonly<Record<Command, number>> = {
  ADD: 10_000,
  // Leaves time for the spool: a DEL has answered within 5 s.
  DEL: 4_500,
  CHECK: 10_000,
  GC: 30_000,
  STATUS: 1_000,
};

/** A signal that ends a call, and its release. */
export interface CallDeadline {
  readonly signal: AbortSignal;
  /** The caller hung up: nobody would learn of an address. */
  hangUp(): void;
  /** The call has ended. */
  clear(): void;
}

/**
 * The deadline of one call; the signal's reason is the error that the caller gets.
 *
 * @param apiServer URL of the API server, for the message: a call that waits for another one's read knows no more
 */
export function startDeadline(command: Command, apiServer: string): CallDeadline {
  const controller = new AbortController();
  const limitMs = DEADLINE_MS[command];
  const timer = setTimeout(() => controller.abort(tooLate(apiServer, limitMs)), limitMs);
  return {
    signal: controller.signal,
    hangUp: () => controller.abort(new IpamError("cancelled", "the caller hung up before it had an answer")),
    clear: () => clearTimeout(timer),
  };
}

function tooLate(apiServer: string, limitMs: number): IpamError {
  return new IpamError("apiserver-unreachable", `${apiServer} gave no usable answer within ${limitMs / 1000} s`);
}
