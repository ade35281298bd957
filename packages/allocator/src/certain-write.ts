import type { IPLease } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import { type Claimant, isOfCall } from "./claimant.ts";
import type { Clock } from "./clock.ts";
import type { LeaseStore, UnknownOutcome } from "./lease-store.ts";

/** Waits between two attempts at the same write: 50 ms, doubled each time, at most 1 s, until the call's deadline. */
const RETRY = { firstMs: 50, maxMs: 1_000 } as const;

/** What a write that must become certain needs. */
export interface WriteContext {
  readonly store: LeaseStore;
  readonly claimant: Claimant;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Told of a lease that may come to exist, once or again, when the call does not have it or not any more. */
  readonly recheck: (lease: IPLease) => void;
  /** Told of each attempt after the first. */
  readonly onRetry?: (() => void) | undefined;
}

/**
 * Creates `draft` and does not rest before it is known whether that happened: after an unknown outcome the same name is
 * tried again, since any other would leak the first one if it was written after all. What an attempt without an answer
 * may still write is given to `recheck`, whatever becomes of the call.
 *
 * @returns the lease, or undefined when the address is somebody else's
 * @throws the reason of `signal`; the draft has been given to `recheck` then if it may exist
 */
export function createLease(draft: IPLease, context: WriteContext): Promise<IPLease | undefined> {
  return untilCertain(draft, context, async (mayBeDone) => {
    const outcome = await context.store.create(draft);
    if (outcome.kind === "unknown") return outcome;
    const created = outcome.kind === "created" ? outcome.lease : undefined;
    if (!mayBeDone) return { lease: created };
    const certain = created === undefined ? await readOwn(draft, context) : { lease: created };
    // An earlier attempt may still be on its way, and finds the name free once the holder is gone, be it this one.
    context.recheck(draft);
    return certain;
  });
}

/**
 * Replaces `lease`, at the version that it carries, likewise.
 *
 * @returns the new lease, or undefined when the lease has changed or is gone
 */
export function replaceLease(lease: IPLease, context: WriteContext): Promise<IPLease | undefined> {
  return untilCertain(lease, context, async (mayBeDone) => {
    const outcome = await context.store.replace(lease);
    if (outcome.kind === "replaced") return { lease: outcome.lease };
    if (outcome.kind === "unknown") return outcome;
    // The version may have changed by our own, earlier attempt.
    return mayBeDone && outcome.kind === "changed" ? readOwn(lease, context) : { lease: undefined };
  });
}

interface Certainty {
  readonly lease: IPLease | undefined;
}

async function untilCertain(
  written: IPLease,
  { clock, signal, recheck, onRetry }: WriteContext,
  attempt: (mayBeDone: boolean) => Promise<Certainty | UnknownOutcome>,
): Promise<IPLease | undefined> {
  let mayBeDone = false;
  for (let waitMs: number = RETRY.firstMs; ; waitMs = Math.min(waitMs * 2, RETRY.maxMs)) {
    const outcome: Certainty | UnknownOutcome = await attempt(mayBeDone).catch((error: unknown) => {
      if (mayBeDone) recheck(written);
      throw error;
    });
    if (!("kind" in outcome)) return outcome.lease;
    mayBeDone ||= outcome.isNotBegun !== true;
    if (!signal.aborted) await clock.sleep(Math.max(waitMs, outcome.retryAfterMs ?? 0), signal);
    if (signal.aborted) {
      if (mayBeDone) recheck(written);
      throw withCause(signal.reason, outcome.cause);
    }
    onRetry?.();
  }
}

async function readOwn({ metadata }: IPLease, { store, claimant, signal }: WriteContext): Promise<Certainty> {
  const found = await store.get(metadata.name, signal);
  // Nothing but the call's own writing will do: what an earlier call left may have a delete under way that names its
  // version.
  const isOwn = found?.metadata.deletionTimestamp === undefined && found !== undefined && isOfCall(found, claimant);
  return { lease: isOwn ? found : undefined };
}

function withCause(reason: unknown, cause: unknown): IpamError {
  const error = IpamError.from(reason);
  const text = cause instanceof Error ? cause.message : String(cause);
  return new IpamError(error.code, `${error.message} (last answer: ${text})`, { cause });
}
