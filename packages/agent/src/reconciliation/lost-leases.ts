import {
  createLease,
  describeHolder,
  isHeldBy,
  isHolderThere,
  isKeptFor,
  replaceLease,
  type WriteContext,
} from "@cluster-ipam/allocator";
import type { IPLease } from "@cluster-ipam/api";
import { holdingInterface } from "../attachments/attachment-gate.ts";
import { boundedSignal, isAttachedTo, type Round } from "./round.ts";
import { sandboxState } from "./sandbox-state.ts";
import { giveBack } from "./stale-release.ts";

/** What the server has of a lease that memory holds. */
type Standing =
  /** All is well, or is somebody else's to see to. */
  | { readonly kind: "settled" }
  /** To be looked at again in the next round. */
  | { readonly kind: "unsettled" }
  /** An attachment of this node whose sandbox is gone has the address of one that lives. */
  | { readonly kind: "squatted"; readonly found: IPLease };

/**
 * Looks at a lease that memory holds and a list does not show as it is known, by a read of its own inside the gate: the
 * list may be older than what a call has done since.
 *
 * Its attachment lives: a missing lease is created again as it was, one that is kept for its own pod taken back; one that
 * somebody else has is told of. Where it
 * looks dead nothing is done here: it takes two looks to be sure, and the other rules forget it then.
 */
export async function examine(known: IPLease, round: Round): Promise<void> {
  const { name } = known.metadata;
  const { unsettled } = round.evidence;
  if (!round.agent.circuit.isPassable) return void unsettled.add(name);
  try {
    let standing = await examineOnce(known, round);
    if (standing.kind === "squatted" && (await releaseSquatter(standing.found, round))) {
      standing = await examineOnce(known, round);
    }
    if (standing.kind === "settled") unsettled.delete(name);
    else unsettled.add(name);
  } catch (err) {
    unsettled.add(name);
    round.journal.failed(`look at ${known.spec.address}`, err);
  }
}

/**
 * Looks at the leases that another attachment of this node has created anew under one that may live; by single reads,
 * since there are hardly ever any. One whose sandbox is seen to be gone twice is forgotten.
 */
export async function examineOusted(round: Round): Promise<void> {
  const { attachments, sandboxes, clock } = round.agent;
  const suspicions = round.evidence.ousted;
  suspicions.beginLook();
  for (const lease of attachments.ousted.all()) {
    const isGone = sandboxState(lease, sandboxes) === "gone";
    if (!isGone) await examine(lease, round);
    else if (suspicions.isConfirmed(lease, clock.nowMs())) attachments.ousted.forget(lease);
  }
  suspicions.endLook();
}

function examineOnce(known: IPLease, round: Round): Promise<Standing> {
  const { attachments, gate, pending } = round.agent;
  return gate.run(holdingInterface(known), async (): Promise<Standing> => {
    if (!attachments.has(known)) return { kind: "settled" };
    // A release that is due decides before anything else does; a create without an answer is looked for there, too.
    if (pending.dueFor(holdingInterface(known)).length > 0) return { kind: "unsettled" };
    return compareWithRead(known, round);
  });
}

async function compareWithRead(known: IPLease, round: Round): Promise<Standing> {
  const { attachments, store, node } = round.agent;
  const { name } = known.metadata;
  const signal = boundedSignal(round);
  const found = await store.get(name, signal);
  if (!attachments.has(known)) return { kind: "settled" };
  if (found !== undefined && isHeldBy(found, known.spec)) {
    attachments.ousted.forget(known);
    attachments.putRead(found);
    return { kind: "settled" };
  }
  if (!(await isAlive(known, round, signal)) || !attachments.has(known)) return { kind: "settled" };
  if (found === undefined || isKeptForItself(found, known)) return recreate(known, found, round, signal);
  const isSquatter = isAttachedTo(node, found) && sandboxState(found, round.agent.sandboxes) === "gone";
  return isSquatter ? { kind: "squatted", found } : tellDuplicate(known, found, round);
}

async function isAlive(known: IPLease, round: Round, signal: AbortSignal): Promise<boolean> {
  const state = sandboxState(known, round.agent.sandboxes);
  return state === "there" || (state === "unseen" && (await isHolderThere(known, round.pods, signal)));
}

/** A hand, or a restored backup, says that the address of a living attachment was given back. */
function isKeptForItself(found: IPLease, { spec: { pod, ifName } }: IPLease): boolean {
  return found.spec.containerID === "" && isKeptFor(found, { pod: pod && { uid: "", ...pod }, ifName });
}

/**
 * Makes the lease what it was; its attachment's gate is held, so that no DEL is under way.
 *
 * @param kept what the server has for the pod instead
 */
async function recreate(
  known: IPLease,
  kept: IPLease | undefined,
  round: Round,
  signal: AbortSignal,
): Promise<Standing> {
  const { agent, journal, isDryRun } = round;
  if (isDryRun) {
    journal.recreated(known);
    return { kind: "settled" };
  }
  const { store, clock, pending } = agent;
  const recheck = (lease: IPLease): void => pending.addUncertain(lease);
  const created = await writeAgain(known, kept, { store, claimant: claimantOf(known), clock, signal, recheck });
  // Somebody was quicker: the next look tells who.
  if (created === undefined) return { kind: "unsettled" };
  agent.attachments.ousted.forget(known);
  agent.attachments.putRead(created);
  journal.recreated(created);
  return { kind: "settled" };
}

function writeAgain(
  { apiVersion, kind, metadata: { name }, spec: known }: IPLease,
  kept: IPLease | undefined,
  context: WriteContext,
): Promise<IPLease | undefined> {
  // Whoever deleted the lease under its attachment has ended its reservation, if it had one.
  const { reserved: _, ...spec } = known;
  if (kept === undefined) return createLease({ apiVersion, kind, metadata: { name }, spec }, context);
  const { prefixLength, pool, reserved } = kept.spec;
  const reservation = reserved === undefined ? {} : { reserved };
  return replaceLease({ ...kept, spec: { ...spec, prefixLength, pool, ...reservation } }, context);
}

function claimantOf({ spec }: IPLease): Parameters<typeof createLease>[1]["claimant"] {
  const { network, containerID, ifName, node, pod, sandbox, addedAt } = spec;
  return {
    network,
    containerID,
    ifName,
    node,
    pod: pod === undefined ? undefined : { uid: "", ...pod },
    sandbox,
    call: { bootID: addedAt?.bootID ?? "", startedAtNs: BigInt(addedAt?.bootTimeNs ?? 0) },
  };
}

function tellDuplicate(known: IPLease, holder: IPLease, { journal, evidence, isDryRun }: Round): Standing {
  const { uid = "" } = known.metadata;
  if (!evidence.told.has(uid)) journal.duplicate(known, holder, describeHolder(holder));
  evidence.told.add(uid);
  return { kind: isDryRun ? "settled" : "unsettled" };
}

/** @returns whether the address is free now for the attachment that lives */
async function releaseSquatter(found: IPLease, round: Round): Promise<boolean> {
  const { agent, evidence, journal } = round;
  const reason = "its network namespace is gone, and that of another holder lives";
  if (!evidence.squatters.isConfirmed(found, agent.clock.nowMs())) {
    journal.suspect(found, "sandbox-gone", reason);
    return false;
  }
  const signal = boundedSignal(round);
  return agent.gate.run(holdingInterface(found), async () => {
    const now = await agent.store.get(found.metadata.name, signal);
    const isStale = (lease: IPLease): boolean => sandboxState(lease, agent.sandboxes) === "gone";
    if (now === undefined || !isHeldBy(now, found.spec) || !isStale(now)) return now === undefined;
    const suspicions = evidence.squatters;
    await giveBack(now, { finding: "sandbox-gone", reason, suspicions, isStale }, round, signal);
    return !round.isDryRun;
  });
}
