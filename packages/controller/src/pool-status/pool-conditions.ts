import { CONDITION_MESSAGE_MAX_LENGTH, type Condition } from "@cluster-ipam/api";
import { listNames } from "../list-names.ts";
import type { HeldVerdict } from "./held-pools.ts";
import type { PoolCount } from "./pool-count.ts";

/** What is known of a pool when its conditions are decided. */
export interface PoolFindings {
  /** Generation of the pool that all of it speaks of. */
  readonly generation: number;
  readonly count: PoolCount;
  /** Whether it has addresses, free or not, for pods that ask for any: not all are on request. */
  readonly servesAny: boolean;
  /** What is wrong with the pool; undefined where agents can serve it. */
  readonly fault: string | undefined;
  /** Other pools of the same space that share addresses with it, in order. */
  readonly overlapping: readonly string[];
  /** From this share of the capacity on a pool is nearly full, in percent. */
  readonly nearlyFullPercent: number;
  /** Whether leases of it are held up. */
  readonly held: HeldVerdict;
}

/** Names of pools that a sentence tells; there may be thousands. */
const POOLS_TOLD = 10;

/** A condition as decided; when it began is known from the one that was there before. */
type Verdict = Pick<Condition, "type" | "status" | "reason" | "message">;

/**
 * The conditions of a pool: Ready, Invalid, Exhausted, NearlyFull, Overlapping and GarbageHeld, each of them always there,
 * so that `kubectl wait --for=condition=Ready ippool/lab` works. Those of other types are left as they are.
 *
 * @param before those that the pool has
 * @param now when a condition that changes has changed, RFC 3339
 */
export function conditionsOf(findings: PoolFindings, before: readonly Condition[], now: string): readonly Condition[] {
  const verdicts = [
    ready(findings),
    invalid(findings),
    exhausted(findings),
    nearlyFull(findings),
    overlapping(findings),
    garbageHeld(findings, before),
  ];
  const own = verdicts.map((decided): Condition => {
    const earlier = before.find(({ type }) => type === decided.type);
    const lastTransitionTime = earlier?.status === decided.status ? earlier.lastTransitionTime : now;
    return { ...decided, observedGeneration: findings.generation, lastTransitionTime };
  });
  const types = new Set(own.map(({ type }) => type));
  return [...own, ...before.filter(({ type }) => !types.has(type))];
}

/**
 * Conditions that changed their status between two readings of one pool. Those that it has for the first time count as
 * changed where it is not well: else a few new pools would use up the events that a full one needs.
 */
export function changedConditions(before: readonly Condition[], after: readonly Condition[]): readonly Condition[] {
  return after.filter(({ type, status }) => {
    const earlier = before.find((condition) => condition.type === type)?.status ?? statusWhenWell(type);
    return earlier !== status;
  });
}

function statusWhenWell(type: string): Condition["status"] {
  return type === "Ready" ? "True" : "False";
}

function ready({ fault }: PoolFindings): Verdict {
  if (fault === undefined) return verdict("Ready", true, "Served", "agents hand out its addresses");
  return verdict("Ready", false, "Invalid", "agents refuse it: see the condition Invalid");
}

function invalid({ fault }: PoolFindings): Verdict {
  if (fault === undefined) return verdict("Invalid", false, "Valid", "nothing is wrong with its spec");
  return verdict("Invalid", true, "BadSpec", fault);
}

function exhausted({ count, fault, servesAny }: PoolFindings): Verdict {
  if (fault !== undefined) return verdict("Exhausted", false, "Invalid", "it hands out nothing at all");
  const { free, freeForAny } = count;
  if (freeForAny > 0n) return verdict("Exhausted", false, "AddressesFree", "pods that ask for any address get one");
  if (!servesAny && free > 0n)
    return verdict("Exhausted", false, "OnRequest", "it has free addresses, on request alone");
  return verdict("Exhausted", true, "NoAddressFree", `no address is free for any pod: ${describe(count)}`);
}

function nearlyFull({ count, fault, nearlyFullPercent }: PoolFindings): Verdict {
  const { capacity, free } = count;
  const isFull = fault === undefined && (capacity - free) * 100n >= capacity * BigInt(nearlyFullPercent);
  if (!isFull) return verdict("NearlyFull", false, "BelowThreshold", `less than ${nearlyFullPercent} % are taken`);
  return verdict("NearlyFull", true, "AboveThreshold", `${nearlyFullPercent} % or more are taken`);
}

function overlapping({ overlapping: others }: PoolFindings): Verdict {
  if (others.length === 0) return verdict("Overlapping", false, "Alone", "no other pool has any of its addresses");
  const text = `shares addresses with ${listNames(others, POOLS_TOLD)}: each address still has one holder`;
  return verdict("Overlapping", true, "SharedAddresses", text);
}

/** What an earlier leader has said holds until this one has looked. */
function garbageHeld({ held }: PoolFindings, before: readonly Condition[]): Verdict {
  const earlier = before.find(({ type }) => type === "GarbageHeld");
  if (held.kind === "held") return verdict("GarbageHeld", true, "TooMuchAtOnce", held.message);
  if (held.kind === "unknown" && earlier !== undefined) return earlier;
  return verdict("GarbageHeld", false, "NothingHeld", "no lease of it is held up whose node is lost");
}

function describe({ capacity, used, reserved, kept }: PoolCount): string {
  return `${used} used, ${reserved} reserved and ${kept} kept of ${capacity}`;
}

function verdict(type: string, holds: boolean, reason: string, message: string): Verdict {
  return { type, status: holds ? "True" : "False", reason, message: shortened(message) };
}

/** The server refuses the whole status for one message that is too long. */
function shortened(message: string): string {
  if (message.length <= CONDITION_MESSAGE_MAX_LENGTH) return message;
  return `${message.slice(0, CONDITION_MESSAGE_MAX_LENGTH - 1)}…`;
}
