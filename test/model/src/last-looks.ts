import { type AttachmentRecord, describe } from "./attachment-record.ts";
import type { Dice } from "./chance.ts";
import type { EndParts } from "./end-parts.ts";
import { leasesWithoutHolder } from "./invariants.ts";
import { netnsOf } from "./plan.ts";

/** How long a round takes at most that asks nobody for long. */
const ROUND_MS = 1_000;
/** Between two looks at a sandbox, by the slowest clock, with some room. */
const SECOND_LOOK_MS = 70_000;
/** Number of a pod's last sandbox: later than any that a plan has. */
const LATER_SANDBOX = 10;

/**
 * Some sandboxes die and nobody sends a DEL. The runtime removes those of all that has ended; pods go with theirs, and
 * some that live are deleted by force.
 */
export function endSandboxes({ nodes, ledger, server, story }: EndParts, dice: Dice): void {
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
export async function lookTwice(parts: EndParts, dice: Dice): Promise<boolean> {
  const { nodes, pass } = parts;
  loseSomeSandboxes(parts, dice);
  reconcileAll(parts);
  if (!(await pass(ROUND_MS))) return false;
  for (const { sandboxes } of nodes) sandboxes.findAll();
  if (!(await pass(SECOND_LOOK_MS - dice.between(0, ROUND_MS)))) return false;
  reconcileAll(parts);
  for (const record of new Set(leasesWithoutHolder(parts).map((lease) => lease.record))) {
    if (record !== undefined) succeed(record, parts, dice);
  }
  return pass(ROUND_MS);
}

/** Somebody asks every agent for a round. */
export function reconcileAll({ nodes }: EndParts): void {
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
