import { type Attachment, AttachmentRecord, describe } from "./attachment.ts";
import type { Violation } from "./violation.ts";

/**
 * What the callers know: who holds what. An address is held from the moment an ADD's answer came until the attachment's
 * next call was sent or its sandbox ended; nothing in here was read from a lease.
 *
 * What is written down is never longer than what is true, so two holders in here are two holders.
 */
export class Ledger {
  readonly #records = new Map<string, AttachmentRecord>();
  readonly #holders = new Map<string, AttachmentRecord>();
  readonly #violations: Violation[] = [];

  /** The rules that were broken so far, in the order in which that was seen. */
  get violations(): readonly Violation[] {
    return this.#violations;
  }

  /** Every attachment that holds something now. */
  get holders(): readonly AttachmentRecord[] {
    return [...new Set(this.#holders.values())];
  }

  /** A runtime has made a sandbox and is about to call for it. */
  open(attachment: Attachment, doubtMark = 0): AttachmentRecord {
    const record = new AttachmentRecord(attachment, doubtMark);
    this.#records.set(keyOf(attachment.containerId, attachment.ifName), record);
    return record;
  }

  /** The attachment of that container and interface, if it was ever called for. */
  find(containerId: string, ifName: string): AttachmentRecord | undefined {
    return this.#records.get(keyOf(containerId, ifName));
  }

  /** An ADD's answer has come: the attachment holds these addresses now. */
  hold(record: AttachmentRecord, addresses: readonly string[]): void {
    for (const address of addresses) {
      const other = this.#holders.get(address);
      if (other !== undefined && other !== record) {
        const text = `${address} is held by ${describe(other.attachment)} and was given to ${describe(record.attachment)}`;
        const containerIds = [other, record].map(({ attachment }) => attachment.containerId);
        this.violate({ rule: "two-holders", text, containerIds });
      }
      this.#holders.set(address, record);
    }
    record.holding = addresses;
  }

  /** A call is about to be sent for the attachment, or its sandbox is about to end: what it held may go. */
  letGo(record: AttachmentRecord): void {
    for (const address of record.holding ?? []) {
      if (this.#holders.get(address) === record) this.#holders.delete(address);
    }
    record.holding = undefined;
  }

  /** Whether that was told already. */
  hasTold(text: string): boolean {
    return this.#violations.some((violation) => violation.text === text);
  }

  /** A rule was seen broken. */
  violate(violation: Violation): void {
    this.#violations.push(violation);
  }
}

function keyOf(containerId: string, ifName: string): string {
  return `${containerId}/${ifName}`;
}
