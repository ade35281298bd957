import type { IPLease } from "@cluster-ipam/api";
import { type AttachmentRecord, describe } from "./attachment-record.ts";
import { leasesWithoutHolder, type Observed } from "./invariants.ts";
import { netnsOf, type Plan } from "./plan.ts";
import type { Fates } from "./request-fate.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import type { SimulatedRuntime } from "./simulated-runtime.ts";
import type { Story } from "./story.ts";
import type { Rule } from "./violation.ts";

/** Until the last late request has happened and the agents have stopped looking for it, by the slowest clock, at most. */
const SETTLING_MS = 220_000;
/** Until calls and what follows them are over, at most. */
const CALLS_MS = 60_000;
/** How often is looked whether everything has come to rest. */
const LOOK_MS = 1_000;

/** What the end of a run works with. */
export interface EndParts extends Observed {
  readonly plan: Plan;
  readonly nodes: readonly SimulatedNode[];
  readonly runtime: SimulatedRuntime;
  readonly fates: Fates;
  readonly story: Story;
  readonly complain: (rule: Rule, text: string) => void;
  /** Lets time pass; false when a rule was broken meanwhile. */
  readonly pass: (ms: number) => Promise<boolean>;
}

/**
 * The end of a run: everything works again, and after a while the leases are those of the living attachments.
 *
 * What an ADD has taken is lost with the agent that is killed before it answers; the undo of a failed ADD and DELs are in
 * the spool. Until agents compare their leases with the node's sandboxes by themselves, two things that every node sees
 * stand in for that, one after the other: the runtime repeats its DELs, then the agent is started anew and gets them again
 * and a GC. What needs neither is looked at first.
 */
export async function endRun(parts: EndParts): Promise<void> {
  const { server, fates, nodes, story } = parts;
  story.tell("from here on everything works");
  server.isAway = false;
  fates.heal();
  for (const node of nodes) node.start();
  if (!(await rest(parts, SETTLING_MS))) return;
  checkUndone(parts);
  checkSettled(parts);
  const owed = endedAttachments(parts);
  if (!(await repeatDels(owed, parts))) return;
  for (const { lease, record } of leasesWithoutHolder(parts)) {
    if (record !== undefined && owed.includes(record)) leftBehind(parts, lease, "after a DEL was repeated");
  }
  await startAnew(parts);
}

/** Lets time pass until nothing happens any more, for `limitMs` at most; false when a rule was broken meanwhile. */
async function rest({ nodes, server, pass }: EndParts, limitMs: number): Promise<boolean> {
  const isAtRest = (): boolean =>
    server.awaited === 0 && nodes.every(({ process, openCalls }) => openCalls === 0 && process?.isIdle === true);
  for (let passedMs = 0; passedMs < limitMs; passedMs += LOOK_MS) {
    if (!(await pass(LOOK_MS))) return false;
    if (isAtRest()) return true;
  }
  return true;
}

/** What a failed ADD could not undo is in the spool, whoever is killed then. */
function checkUndone(parts: EndParts): void {
  for (const { lease, record } of leasesWithoutHolder(parts)) {
    if (record?.wasNeverServed === true) leftBehind(parts, lease, "though each of its ADDs failed");
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

/** New agents read their leases; then there are exactly those of living attachments. */
async function startAnew(parts: EndParts): Promise<void> {
  const { nodes, runtime, plan } = parts;
  for (const node of nodes) node.kill(1);
  if (!(await rest(parts, CALLS_MS))) return;
  if (!(await repeatDels(endedAttachments(parts), parts))) return;
  for (const { name: node } of nodes) {
    for (const { name: network } of plan.networks) runtime.gc({ kind: "gc", node, network, deliveryMs: 1 });
  }
  if (await rest(parts, CALLS_MS)) checkReconciled(parts);
}

/** What must be so once everybody has done what is theirs. */
function checkReconciled(parts: EndParts): void {
  for (const { lease, record } of leasesWithoutHolder(parts)) {
    // A second lease of a living attachment that an agent was killed over: nobody can tell it from the first.
    if (record?.holding === undefined) leftBehind(parts, lease, "after DEL and GC by a new agent");
  }
  for (const { name, process } of parts.nodes) {
    const pending = process?.pendingReleases ?? 0;
    if (pending > 0) parts.complain("still-pending", `the new agent of ${name} has ${pending} releases pending`);
  }
}

function endedAttachments({ ledger }: EndParts): readonly AttachmentRecord[] {
  return ledger.records.filter(({ holding }) => holding === undefined);
}

/** The runtime repeats its DELs for whatever does not live, and removes its sandboxes. */
async function repeatDels(records: readonly AttachmentRecord[], parts: EndParts): Promise<boolean> {
  const { runtime, nodes, ledger } = parts;
  for (const { plan } of records) {
    runtime.del({ kind: "del", attachment: plan, deliveryMs: 1, isStripped: false });
    const node = nodes.find(({ name }) => name === plan.pod.node);
    if (ledger.isIdle(plan)) node?.sandboxes.remove(netnsOf(plan));
  }
  return rest(parts, CALLS_MS);
}

function leftBehind({ ledger, complain }: EndParts, lease: IPLease, when: string): void {
  const { network, containerID, ifName, address } = lease.spec;
  const record = ledger.find(network, containerID, ifName);
  const whose = record === undefined ? `container ${containerID}` : describe(record.plan);
  complain("left-behind", `the lease of ${address} for ${whose} is left ${when}`);
}
