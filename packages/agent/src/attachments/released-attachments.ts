import type { IPLease } from "@cluster-ipam/api";
import type { Attachment } from "@cluster-ipam/cni";
import { holdingInterface, interfaceKey } from "./attachment-gate.ts";

/** How many are remembered. */
const LIMIT = 4_096;

/** Attachments that this process has released lately: a DEL that is repeated costs no list. */
export class ReleasedAttachments {
  /** The one that was released first stands first. */
  readonly #keys = new Set<string>();

  /** Everything that the attachment had has been released, or is in the hands of the pending releases. */
  add(attachment: Attachment): void {
    const key = keyOf(attachment);
    this.#keys.delete(key);
    this.#keys.add(key);
    const oldest = this.#keys.values().next().value;
    if (this.#keys.size > LIMIT && oldest !== undefined) this.#keys.delete(oldest);
  }

  /** The attachment of `lease` has something again. */
  taken(lease: IPLease): void {
    for (const network of ["", lease.spec.network]) this.#keys.delete(keyOf({ ...holdingInterface(lease), network }));
  }

  /** Whether this process has released the attachment and taken nothing for it since. */
  has(attachment: Attachment): boolean {
    return this.#keys.has(keyOf(attachment));
  }
}

function keyOf(attachment: Pick<Attachment, "containerId" | "ifName" | "network">): string {
  return `${interfaceKey(attachment)}/${attachment.network}`;
}
