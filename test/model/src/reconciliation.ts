import type { IPLease } from "@cluster-ipam/api";
import { type AttachmentRecord, describe } from "./attachment-record.ts";
import { Chance, type Dice } from "./chance.ts";
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
/** Between two looks at a sandbox, by the slowest clock, with some room. */
const SECOND_LOOK_MS = 70_000;
/** Two looks at the pods ten minutes apart and all that precedes them, by the slowest clock, at most. */
const RECONCILED_MS = 2_400_000;
/** How often is looked whether the leases are those of the living. */
const RECONCILED_LOOK_MS = 10_000;

/** Number of a pod's last sandbox: later than any that a plan has. */
const LATER_SANDBOX = 10;

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
 * What needs nobody's help is looked at first: the undo of a failed ADD and DELs are in the spool. Then the sandboxes of
 * ended attachments go, and the pods with them, and the agents must find by themselves what nobody released: what an ADD
 * had taken is lost with the agent that is killed before it answers.
 */
export async function endRun(parts: EndParts): Promise<void> {
  const { server, fates, nodes, story, plan } = parts;
  story.tell("from here on everything works");
  server.isAway = false;
  fates.heal();
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

/**
 * A runtime repeats its DELs until they succeed: always for what ended in a sandbox or a pod that lives on, where nobody
 * else can tell, and sometimes for all.
 */
async function repeatDels(parts: EndParts, isForAll: boolean): Promise<boolean> {
  const { runtime, ledger } = parts;
  const owed = endedAttachments(parts).filter(
    ({ plan }) => isForAll || !ledger.isIdle(plan) || (!plan.pod.isVisible && ledger.isAlive(plan.pod)),
  );
  for (const { plan } of owed) runtime.del({ kind: "del", attachment: plan, deliveryMs: 1, isStripped: false });
  if (!(await rest(parts, CALLS_MS))) return false;
  for (const { lease, record } of leasesWithoutHolder(parts)) {
    if (record !== undefined && owed.includes(record)) leftBehind(parts, lease, "after a DEL was repeated");
  }
  return true;
}

/**
 * Some sandboxes die and nobody sends a DEL. The runtime removes those of all that has ended; pods go with theirs, and
 * some that live are deleted by force.
 */
function endSandboxes({ nodes, ledger, server, story }: EndParts, dice: Dice): void {
  for (const { plan, holding } of ledger.records) {
    const isDying = plan.pod.isVisible && dice.happens(0.25);
    if (holding === undefined || !isDying) continue;
    story.tell(`the sandbox of ${describe(plan)} dies`);
    ledger.sandboxEnds(plan);
  }
  for (const { plan } of ledger.records) {
    const { pod } = plan;
    if (ledger.isIdle(plan)) nodes.find(({ name }) => name === pod.node)?.sandboxes.remove(netnsOf(plan));
    const isForced = pod.isVisible && dice.happens(0.3);
    if (isForced) story.tell(`pod ${pod.name} (${pod.uid}) is deleted by force`);
    if (isForced || !ledger.isAlive(pod)) server.pods.remove(pod);
  }
}

/** A round of each agent that does not find some living sandboxes; then one that does, amid new sandboxes of the dead. */
async function lookTwice(parts: EndParts, dice: Dice): Promise<boolean> {
  const { nodes, pass } = parts;
  loseSomeSandboxes(parts, dice);
  reconcileAll(parts);
  if (!(await pass(LOOK_MS))) return false;
  for (const { sandboxes } of nodes) sandboxes.findAll();
  if (!(await pass(SECOND_LOOK_MS - dice.between(0, LOOK_MS)))) return false;
  reconcileAll(parts);
  for (const record of new Set(leasesWithoutHolder(parts).map((lease) => lease.record))) {
    if (record !== undefined) succeed(record, parts, dice);
  }
  return pass(LOOK_MS);
}

function reconcileAll({ nodes }: EndParts): void {
  for (const { process } of nodes) process?.reconcile();
}

/** For a moment the agents do not find what is there. */
function loseSomeSandboxes({ nodes, ledger }: EndParts, dice: Dice): void {
  for (const { plan, holding } of ledger.records) {
    const isLost = holding !== undefined && dice.happens(0.3);
    if (isLost) nodes.find(({ name }) => name === plan.pod.node)?.sandboxes.lose(netnsOf(plan));
  }
}

/** A pod gets a new sandbox at the very moment at which the lease of the old one is about to be released. */
function succeed({ plan, holding }: AttachmentRecord, { runtime, ledger }: EndParts, dice: Dice): void {
  if (holding !== undefined || !plan.pod.isVisible || ledger.isAlive(plan.pod) || dice.happens(0.3)) return;
  const attachment = { ...plan, sandbox: LATER_SANDBOX };
  runtime.add({ kind: "add", attachment, deliveryMs: dice.between(0, 15), hangUpMs: undefined });
}

/** Lets time pass until the leases are those of the living, or the time for that is over. */
async function reconciled(parts: EndParts): Promise<boolean> {
  reconcileAll(parts);
  for (let passedMs = 0; passedMs < RECONCILED_MS; passedMs += RECONCILED_LOOK_MS) {
    if (!(await parts.pass(RECONCILED_LOOK_MS))) return false;
    if (left(parts).length === 0 && lost(parts).length === 0) return true;
  }
  return true;
}

/** What must be so once everybody has done what is theirs. */
function checkReconciled(parts: EndParts): void {
  for (const { lease } of left(parts)) leftBehind(parts, lease, "after reconciliation");
  for (const { name, record } of lost(parts)) {
    parts.complain("lost-lease", `${name} of ${describe(record.plan)} was deleted by hand and is not back`);
  }
  for (const { name, process } of parts.nodes) {
    const pending = process?.pendingReleases ?? 0;
    if (pending > 0) parts.complain("still-pending", `the agent of ${name} has ${pending} releases pending`);
  }
}

/** Leases that are nobody's. A second lease of a living attachment that an agent was killed over cannot be told from the first. */
function left(parts: EndParts): readonly { readonly lease: IPLease }[] {
  return leasesWithoutHolder(parts).filter(({ record }) => record?.holding === undefined);
}

/** What was deleted by hand before the eyes of an agent that still runs, and that nobody else has taken since. */
function lost({
  ledger,
  nodes,
  server,
}: EndParts): readonly { readonly name: string; readonly record: AttachmentRecord }[] {
  const names = new Set(server.leases.all().map(({ metadata }) => metadata.name));
  return ledger.records.flatMap((record) =>
    [...record.robbed].flatMap(([name, by]) => {
      const isWitness = by !== undefined && nodes.some(({ process }) => process === by);
      return isWitness && record.holding !== undefined && !names.has(name) ? [{ name, record }] : [];
    }),
  );
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
