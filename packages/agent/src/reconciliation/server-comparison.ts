import type { IPLease } from "@cluster-ipam/api";
import { adopt } from "./adoption.ts";
import { examine } from "./lost-leases.ts";
import { boundedSignal, type Round } from "./round.ts";

/**
 * Compares memory with what the server has for the node, by one list. The list only says where to look: whatever is not
 * the same in both is read once more before anything is done.
 *
 * @returns false where the list could not be had
 */
export async function compareWithServer(round: Round): Promise<boolean> {
  const { agent, evidence } = round;
  const before = new Map(agent.attachments.all().map((lease) => [lease.metadata.name, lease]));
  const listed = await listLeases(round);
  if (listed === undefined) return false;
  const onServer = new Map(listed.map((lease) => [lease.metadata.name, lease]));
  // What was told before is told again with every list.
  evidence.told.clear();
  evidence.unsettled.clear();
  for (const [name, known] of before) {
    if (!isSameVersion(known, onServer.get(name))) await examine(known, round);
  }
  for (const lease of listed) {
    if (agent.attachments.byName(lease.metadata.name) === undefined) await adoptListed(lease, round);
  }
  return true;
}

/** Looks again at what earlier rounds and contradicting writes have left open; by single reads. */
export async function settleOpenQuestions(round: Round): Promise<void> {
  const { attachments } = round.agent;
  const { unsettled } = round.evidence;
  for (const name of new Set([...unsettled, ...attachments.takeDoubts()])) {
    const known = attachments.byName(name);
    if (known === undefined) unsettled.delete(name);
    else await examine(known, round);
  }
}

async function listLeases(round: Round): Promise<readonly IPLease[] | undefined> {
  const { nodeLeases, clock } = round.agent;
  try {
    return await nodeLeases.since(clock.nowMs(), boundedSignal(round));
  } catch (err) {
    round.journal.failed("list of the node's leases", err);
    return undefined;
  }
}

async function adoptListed(lease: IPLease, round: Round): Promise<void> {
  try {
    const adopted = await adopt(lease, round.agent, boundedSignal(round));
    if (adopted !== undefined) round.journal.adopted(adopted);
  } catch (err) {
    round.journal.failed(`look at ${lease.spec.address}`, err);
  }
}

function isSameVersion({ metadata }: IPLease, listed: IPLease | undefined): boolean {
  return metadata.uid === listed?.metadata.uid && metadata.resourceVersion === listed?.metadata.resourceVersion;
}
