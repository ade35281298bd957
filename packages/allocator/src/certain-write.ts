import type { IPLease } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import { type Claimant, isHeldBy } from "./claimant.ts";
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
  /** Told of a lease that may exist, now or later, though the call does not have it. */
  readonly recheck: (lease: IPLease) => void;
}

/**
 * Creates `draft` and does not rest before it is known whether that happened: after an unknown outcome the same name is
 * tried again, since any other would leak the first one if it was written after all.
 *
 * @returns the lease, or undefined when the address is somebody else's
 * @throws the reason of `signal`; the draft has been given to `recheck` then if it may exist
 */
export function createLease(draft: IPLease, context: WriteContext): Promise<IPLease | undefined> {
  return untilCertain(draft, context, async (isRepeated) => {
    const outcome = await context.store.create(draft);
    if (outcome.kind === "created") return { lease: outcome.lease };
    if (outcome.kind === "unknown") return outcome;
    if (!isRepeated) return { lease: undefined };
    const own = await readOwn(draft, context);
    // An earlier attempt may still be on its way, and finds the name free once the holder is gone.
    if (own.lease === undefined) context.recheck(draft);
    return own;
  });
}

/**
 * Replaces `lease`, at the version that it carries, likewise.
 *
 * @returns the new lease, or undefined when the lease has changed or is gone
 */
export function replaceLease(lease: IPLease, context: WriteContext): Promise<IPLease | undefined> {
  return untilCertain(lease, context, async (isRepeated) => {
    const outcome = await context.store.replace(lease);
    if (outcome.kind === "replaced") return { lease: outcome.lease };
    if (outcome.kind === "unknown") return outcome;
    // The version may have changed by our own, earlier attempt.
    return isRepeated && outcome.kind === "changed" ? readOwn(lease, context) : { lease: undefined };
  });
}

interface Certainty {
  readonly lease: IPLease | undefined;
}

async function untilCertain(
  written: IPLease,
  context: WriteContext,
  attempt: (isRepeated: boolean) => Promise<Certainty | UnknownOutcome>,
): Promise<IPLease | undefined> {
  let waitMs: number = RETRY.firstMs;
  for (let isRepeated = false; ; isRepeated = true) {
    const outcome = await attempt(isRepeated).catch((error: unknown) => {
      if (isRepeated) context.recheck(written);
      throw error;
    });
    if (!("kind" in outcome)) return outcome.lease;
    if (!context.signal.aborted) await context.clock.sleep(waitMs, context.signal);
    if (context.signal.aborted) {
      context.recheck(written);
      throw withCause(context.signal.reason, outcome.cause);
    }
    waitMs = Math.min(waitMs * 2, RETRY.maxMs);
  }
}

async function readOwn({ metadata }: IPLease, { store, claimant, signal }: WriteContext): Promise<Certainty> {
  const found = await store.get(metadata.name, signal);
  return { lease: found !== undefined && isHeldBy(found, claimant) ? found : undefined };
}

function withCause(reason: unknown, cause: unknown): IpamError {
  const error = IpamError.from(reason);
  const text = cause instanceof Error ? cause.message : String(cause);
  return new IpamError(error.code, `${error.message} (last answer: ${text})`, { cause });
}
