import { isHeldBy } from "@cluster-ipam/allocator";
import type { IPLease } from "@cluster-ipam/api";
import { holdingInterface } from "../attachments/attachment-gate.ts";
import { releaseLeases } from "../releases/release-attachment.ts";
import { adopt } from "./adoption.ts";
import { boundedSignal, isAttachedTo, type Round } from "./round.ts";
import type { Suspicions } from "./suspicions.ts";

/** Why a lease may go, and what must still hold of what the server has. */
export interface Staleness {
  readonly finding: "sandbox-gone" | "pod-gone";
  readonly reason: string;
  readonly suspicions: Suspicions;
  /** Asked of the lease as it was read right before the release. */
  readonly isStale: (found: IPLease, signal: AbortSignal) => boolean | Promise<boolean>;
}

/**
 * Releases a lease that memory holds, inside the gate of its interface and from what the server has now: what a call has
 * repeated or taken over meanwhile stays.
 */
export async function releaseStale(known: IPLease, staleness: Staleness, round: Round): Promise<void> {
  const { agent, journal } = round;
  const { name } = known.metadata;
  const { finding, reason, suspicions } = staleness;
  // What a dry run has told of is not looked up again and again.
  if (round.isDryRun && suspicions.isTold(known)) return journal.released(known, finding, { reason, isNews: false });
  // It keeps: a server that is away would be waited for with each lease anew.
  if (!agent.circuit.isPassable) return journal.suspect(known, finding, reason);
  try {
    const other = await agent.gate.run(holdingInterface(known), () =>
      agent.attachments.byName(name) === known ? releaseRead(known, staleness, round) : Promise.resolve(undefined),
    );
    const adopted = other === undefined ? undefined : await adopt(other, agent, boundedSignal(round));
    if (adopted !== undefined) journal.adopted(adopted);
  } catch (err) {
    journal.failed(`release of ${known.spec.address}`, err);
  }
}

/** @returns the lease of another attachment of this node that has the address by now, and that memory does not know */
async function releaseRead(known: IPLease, staleness: Staleness, round: Round): Promise<IPLease | undefined> {
  const { agent } = round;
  const { name } = known.metadata;
  const signal = boundedSignal(round);
  const found = await agent.store.get(name, signal);
  // A call of another interface may have taken the address meanwhile: what it has put there is newer than this.
  if (agent.attachments.byName(name) !== known) return undefined;
  if (found === undefined || !isHeldBy(found, known.spec)) {
    agent.attachments.forget(name);
    return found !== undefined && isAttachedTo(agent.node, found) ? found : undefined;
  }
  agent.attachments.putRead(found);
  if (await staleness.isStale(found, signal)) await giveBack(found, staleness, round, signal);
  return undefined;
}

/** Releases `found`, unless the round only says what it would do. */
export async function giveBack(
  found: IPLease,
  { finding, reason, suspicions }: Staleness,
  round: Round,
  signal: AbortSignal,
): Promise<void> {
  const isNews = !round.isDryRun || !suspicions.isTold(found);
  if (round.isDryRun) suspicions.markTold(found);
  else await releaseLeases([found], { startedAtNs: afterAddOf(found) }, round.agent, signal);
  round.journal.released(found, finding, { reason, isNews });
}

/** Of that boot, the first moment at which an ADD may begin that the lease is not of. */
function afterAddOf({ spec: { addedAt } }: IPLease): bigint {
  return BigInt(addedAt?.bootTimeNs ?? 0) + 1n;
}
