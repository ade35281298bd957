import type { IPLease } from "@cluster-ipam/api";
import { type AttachmentRecord, describe } from "./attachment-record.ts";
import { Chance } from "./chance.ts";
import type { EndParts } from "./end-parts.ts";
import { leasesWithoutHolder } from "./invariants.ts";
import { endSandboxes, lookTwice, reconcileAll } from "./last-looks.ts";
import { idleBlocks, left, lost, stillKept } from "./leftovers.ts";
import { wrongStatuses } from "./status-rules.ts";

/** Until the last late request has happened and the agents have stopped looking for it, by the slowest clock, at most. */
const SETTLING_MS = 220_000;
/** Until calls and what follows them are over, at most. */
const CALLS_MS = 60_000;
/** How often is looked whether everything has come to rest. */
const LOOK_MS = 1_000;
/** Two looks at the pods ten minutes apart and all that precedes them, by the slowest clock, at most. */
const RECONCILED_MS = 2_400_000;
/** How often is looked whether the leases are those of the living. */
const RECONCILED_LOOK_MS = 10_000;

/**
 * The end of a run: everything works again, and after a while the leases are those of the living attachments.
 *
 * What needs nobody's help is looked at first: the undo of a failed ADD and DELs are in the spool. Then the sandboxes of
 * ended attachments go, and the pods with them, and the agents must find by themselves what nobody released: what an ADD
 * had taken is lost with the agent that is killed before it answers.
 */
export async function endRun(parts: EndParts): Promise<void> {
  const { server, fates, nodes, story, plan } = parts;
  story.tell("from here on everything works");
  server.isAway = false;
  fates.heal();
  parts.controller?.heal();
  for (const node of nodes) node.start();
  if (!(await rest(parts, SETTLING_MS))) return;
  checkUndone(parts);
  checkSettled(parts);
  const dice = new Chance(plan.seed).of("end");
  if (!(await repeatDels(parts, dice.happens(0.5)))) return;
  if (dice.happens(0.4)) {
    for (const node of nodes) node.kill(1);
    if (!(await rest(parts, CALLS_MS))) return;
  }
  endSandboxes(parts, dice);
  if (!(await lookTwice(parts, dice))) return;
  if (await reconciled(parts)) checkReconciled(parts);
}

/** Lets time pass until nothing happens any more, for `limitMs` at most; false when a rule was broken meanwhile. */
async function rest({ nodes, server, pass }: EndParts, limitMs: number): Promise<boolean> {
  const isAtRest = (): boolean =>
    server.awaited === 0 &&
    nodes.every(({ process, openCalls, isLost }) => isLost || (openCalls === 0 && process?.isIdle === true));
  for (let passedMs = 0; passedMs < limitMs; passedMs += LOOK_MS) {
    if (!(await pass(LOOK_MS))) return false;
    if (isAtRest()) return true;
  }
  return true;
}

/** What a failed ADD could not undo is in the spool, whoever is killed then, unless that is on a machine that is off. */
function checkUndone(parts: EndParts): void {
  for (const { lease, record } of leasesWithoutHolder(parts)) {
    const isServed = !isOff(parts, lease.spec.node);
    if (isServed && record?.wasNeverServed === true) leftBehind(parts, lease, "though each of its ADDs failed");
  }
}

/** What agents that were never killed must have done by themselves. */
function checkSettled(parts: EndParts): void {
  const { nodes, complain } = parts;
  for (const { name, process } of nodes) {
    if (process === undefined) continue;
    const { openCalls, pendingReleases } = process;
    if (openCalls > 0) complain("unanswered", `the agent of ${name} has ${openCalls} calls without an answer`);
    if (pendingReleases > 0) complain("still-pending", `the agent of ${name} has ${pendingReleases} releases pending`);
  }
  for (const { lease, record } of leasesWithoutHolder(parts)) {
    const node = nodes.find(({ name }) => name === lease.spec.node);
    if (record === undefined || node === undefined || node.deaths > 0) continue;
    if (record.holding !== undefined) leftBehind(parts, lease, "beside what it holds");
    else if (record.isReleased) leftBehind(parts, lease, "though its DEL succeeded");
    else if (record.isRefused) leftBehind(parts, lease, "though its ADD failed");
  }
}

/**
 * A runtime repeats its DELs until they succeed: always for what ended in a sandbox or a pod that lives on, where nobody
 * else can tell, and sometimes for all.
 */
async function repeatDels(parts: EndParts, isForAll: boolean): Promise<boolean> {
  const { runtime, ledger } = parts;
  const running = endedAttachments(parts).filter(({ plan }) => !isOff(parts, plan.pod.node));
  const owed = running.filter(
    ({ plan }) => isForAll || !ledger.isIdle(plan) || (!plan.pod.isVisible && ledger.isAlive(plan.pod)),
  );
  for (const { plan } of owed) runtime.del({ kind: "del", attachment: plan, deliveryMs: 1, isStripped: false });
  if (!(await rest(parts, CALLS_MS))) return false;
  for (const { lease, record } of leasesWithoutHolder(parts)) {
    // What one agent was killed over while another answered may be unknown for two minutes; it goes with its sandbox.
    const isKnown = record?.isSplit !== true;
    if (record !== undefined && isKnown && owed.includes(record)) leftBehind(parts, lease, "after a DEL was repeated");
  }
  return true;
}

/** Lets time pass until the leases are those of the living, or the time for that is over. */
async function reconciled(parts: EndParts): Promise<boolean> {
  reconcileAll(parts);
  for (let passedMs = 0; passedMs < RECONCILED_MS; passedMs += RECONCILED_LOOK_MS) {
    if (!(await parts.pass(RECONCILED_LOOK_MS))) return false;
    const isLeft = [left, lost, stillKept, idleBlocks, wronglyTold].some((find) => find(parts).length > 0);
    if (!isLeft) return true;
  }
  return true;
}

/** What must be so once everybody has done what is theirs. */
function checkReconciled(parts: EndParts): void {
  for (const { lease } of left(parts)) leftBehind(parts, lease, "after reconciliation");
  for (const { spec } of stillKept(parts)) parts.complain("left-behind", `${spec.address} is kept for ever`);
  for (const { spec } of idleBlocks(parts)) {
    parts.complain("left-behind", `block ${spec.prefix} of ${spec.node} has no lease and is kept for ever`);
  }
  for (const text of wronglyTold(parts)) parts.complain("wrong-status", text);
  for (const { name, record } of lost(parts)) {
    parts.complain("lost-lease", `${name} of ${describe(record.plan)} was deleted by hand and is not back`);
  }
  for (const { name, process } of parts.nodes) {
    const pending = process?.pendingReleases ?? 0;
    if (pending > 0) parts.complain("still-pending", `the agent of ${name} has ${pending} releases pending`);
  }
}

/** What pools say of themselves, where somebody sees to that. */
function wronglyTold({ controller, server, plan }: EndParts): readonly string[] {
  return controller === undefined ? [] : wrongStatuses(server, plan.networks);
}

function isOff({ nodes }: EndParts, name: string): boolean {
  return nodes.find((node) => node.name === name)?.isLost === true;
}

function endedAttachments({ ledger }: EndParts): readonly AttachmentRecord[] {
  return ledger.records.filter(({ holding }) => holding === undefined);
}

function leftBehind({ ledger, complain }: EndParts, lease: IPLease, when: string): void {
  const { network, containerID, ifName, address } = lease.spec;
  const record = ledger.find(network, containerID, ifName);
  const whose = record === undefined ? `container ${containerID}` : describe(record.plan);
  complain("left-behind", `the lease of ${address} for ${whose} is left ${when}`);
}
