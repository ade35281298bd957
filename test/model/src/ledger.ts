import type { AgentProcess } from "./agent-process.ts";
import { type AddRecord, AttachmentRecord, keyOf } from "./attachment-record.ts";
import { type AttachmentPlan, containerIdOf, type PodPlan } from "./plan.ts";

/**
 * What the callers know: who holds what. A holder is an attachment whose ADD returned success to its caller, whose DEL
 * has not begun and whose sandbox lives; nothing in here was read from a lease.
 */
export class Ledger {
  readonly #records = new Map<string, AttachmentRecord>();
  readonly #dead = new Set<string>();
  readonly #newest = new Map<string, number>();
  /** Grows with each change of who holds what. */
  version = 0;

  /** Every attachment that was ever called for. */
  get records(): readonly AttachmentRecord[] {
    return [...this.#records.values()];
  }

  /** The attachment's record. */
  of(plan: AttachmentPlan): AttachmentRecord {
    const key = keyOf(plan);
    let record = this.#records.get(key);
    if (record === undefined) {
      record = new AttachmentRecord(plan);
      this.#records.set(key, record);
    }
    return record;
  }

  /** The attachment of that container, interface and network, if it was ever called for. */
  find(network: string, containerId: string, ifName: string): AttachmentRecord | undefined {
    return this.#records.get(`${network}/${containerId}/${ifName}`);
  }

  /** Whether the sandbox has ended. */
  isDead(sandbox: Pick<AttachmentPlan, "pod" | "sandbox">): boolean {
    return this.#dead.has(containerIdOf(sandbox)) || sandbox.sandbox < (this.#newest.get(sandbox.pod.uid) ?? 0);
  }

  /**
   * An ADD begins: earlier sandboxes of the pod are dead, or there would not be a new one. What an earlier ADD of the
   * attachment returned does not count until this one has answered.
   */
  addBegins(plan: AttachmentPlan, atMs: number): AddRecord {
    const { uid } = plan.pod;
    this.#newest.set(uid, Math.max(plan.sandbox, this.#newest.get(uid) ?? 0));
    this.#dropHoldings((other) => other.plan.pod.uid === uid && other.plan.sandbox < plan.sandbox);
    const record = this.of(plan);
    const repeats = record.holding !== undefined && record.robbed.size === 0 ? record.addresses : undefined;
    const add: AddRecord = { startedAtMs: atMs, repeats, said: undefined, by: undefined };
    record.adds.push(add);
    this.#drop(record);
    return add;
  }

  /** An ADD returned success. @returns whether the attachment is a holder by that */
  addReturned(plan: AttachmentPlan, add: AddRecord, names: readonly string[]): boolean {
    const record = this.of(plan);
    const isLatest = record.adds.at(-1) === add;
    if (!isLatest || record.deletedAtMs > add.startedAtMs || this.isDead(plan)) return false;
    record.holding = names;
    record.robbed.clear();
    this.version += 1;
    return true;
  }

  /** A DEL begins. */
  delBegins(plan: AttachmentPlan, atMs: number): void {
    const record = this.of(plan);
    record.deletedAtMs = atMs;
    this.#drop(record);
  }

  /** A sandbox ends, with what is in it. */
  sandboxEnds(sandbox: Pick<AttachmentPlan, "pod" | "sandbox">): void {
    const containerId = containerIdOf(sandbox);
    this.#dead.add(containerId);
    this.#dropHoldings(({ plan }) => containerIdOf(plan) === containerId);
  }

  /** Every sandbox that a node has had so far ends. */
  nodeGoesDown(node: string): void {
    for (const { plan } of this.records) if (plan.pod.node === node) this.#dead.add(containerIdOf(plan));
    this.#dropHoldings(({ plan }) => plan.pod.node === node);
  }

  /** Somebody deletes a lease by hand; `by` is the agent that runs on its holder's node. */
  leaseDeleted(record: AttachmentRecord, name: string, by: AgentProcess | undefined): void {
    record.robbed.set(name, by);
    this.version += 1;
  }

  /** Whether some attachment of the pod holds something. */
  isAlive({ uid }: PodPlan): boolean {
    return this.records.some(({ plan, holding }) => plan.pod.uid === uid && holding !== undefined);
  }

  /** The addresses that the answer of an ADD must be: it repeats one that stands, and nothing has ended that since. */
  repeatedBy(plan: AttachmentPlan, add: AddRecord): readonly string[] | undefined {
    const { adds, deletedAtMs } = this.of(plan);
    const stands = adds.at(-1) === add && deletedAtMs < add.startedAtMs && !this.isDead(plan);
    return stands ? add.repeats : undefined;
  }

  /** Whether another ADD than `add` for a pod of that name and the interface has never been answered by an agent. */
  isBusy({ pod, ifName }: AttachmentPlan, add: AddRecord): boolean {
    return this.records.some(({ plan, adds }) => {
      const isSame = plan.pod.name === pod.name && plan.ifName === ifName;
      return isSame && adds.some((other) => other !== add && other.said === undefined);
    });
  }

  /** Sandboxes of a pod that are dead or hold nothing. */
  isIdle(sandbox: { readonly pod: PodPlan; readonly sandbox: number }): boolean {
    const containerId = containerIdOf(sandbox);
    return !this.records.some((record) => containerIdOf(record.plan) === containerId && record.holding !== undefined);
  }

  #dropHoldings(isMeant: (record: AttachmentRecord) => boolean): void {
    for (const record of this.records) if (isMeant(record)) this.#drop(record);
  }

  #drop(record: AttachmentRecord): void {
    if (record.holding === undefined) return;
    record.holding = undefined;
    record.robbed.clear();
    this.version += 1;
  }
}
