import type { Clock } from "@cluster-ipam/allocator";
import type { IPLease } from "@cluster-ipam/api";
import type { CniRequest } from "@cluster-ipam/cni";
import { type Interface, interfaceKey } from "./attachment-gate.ts";
import { LATE_WRITE_MS } from "./attachments.ts";

/** What a DEL asks for: everything of its attachment that no later ADD has. */
export type AttachmentRelease = Pick<CniRequest, "attachment" | "startedAtNs">;

/** What is still to be released: one lease, or what a DEL asks for. */
export type PendingRelease =
  | { readonly kind: "lease"; readonly lease: IPLease; readonly mayAppearUntilMs: number }
  | ({ readonly kind: "attachment" } & AttachmentRelease);

/** Releases that could not be made, or not be confirmed, when they were due. The same one is kept once. */
export class PendingReleases {
  readonly #clock: Pick<Clock, "nowMs">;
  readonly #pending = new Map<string, PendingRelease>();
  #wake: () => void = () => undefined;

  constructor(clock: Pick<Clock, "nowMs">) {
    this.#clock = clock;
  }

  /** Number of releases that are due. */
  get size(): number {
    return this.#pending.size;
  }

  /** What is due now, in the order in which it came. */
  due(): readonly PendingRelease[] {
    return [...this.#pending.values()];
  }

  /** What is due for one interface. */
  dueFor(of: Interface): readonly PendingRelease[] {
    if (this.#pending.size === 0) return [];
    return this.due().filter((pending) => interfaceKey(interfaceOf(pending)) === interfaceKey(of));
  }

  /** Whether `pending` is still due, as it is. */
  has(pending: PendingRelease): boolean {
    return this.#pending.get(keyOf(pending)) === pending;
  }

  /** `lease` exists and is to go. */
  addLease(lease: IPLease): void {
    this.#addLease(lease, 0);
  }

  /** `lease` may exist, now or until the server has given up the request that was to create it. */
  addUncertain(lease: IPLease): void {
    this.#addLease(lease, this.#clock.nowMs() + LATE_WRITE_MS);
  }

  /** A DEL that could not find out what its attachment has. */
  addAttachment({ attachment, startedAtNs }: AttachmentRelease): void {
    const pending = { kind: "attachment", attachment, startedAtNs } as const;
    const known = this.#pending.get(keyOf(pending));
    const isKnownLater = known?.kind === "attachment" && known.startedAtNs > startedAtNs;
    this.#add(isKnownLater ? known : pending);
  }

  /** `pending` is settled. */
  remove(pending: PendingRelease): void {
    if (this.has(pending)) this.#pending.delete(keyOf(pending));
  }

  /** Resolves when something is due, or `signal` aborts. */
  untilDue(signal: AbortSignal): Promise<void> {
    if (this.#pending.size > 0 || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        signal.removeEventListener("abort", done);
        resolve();
      };
      this.#wake = done;
      signal.addEventListener("abort", done);
    });
  }

  #addLease(lease: IPLease, untilMs: number): void {
    const pending = { kind: "lease", lease, mayAppearUntilMs: untilMs } as const;
    const known = this.#pending.get(keyOf(pending));
    const knownUntilMs = known?.kind === "lease" ? known.mayAppearUntilMs : 0;
    this.#add({ ...pending, mayAppearUntilMs: Math.max(untilMs, knownUntilMs) });
  }

  #add(pending: PendingRelease): void {
    this.#pending.set(keyOf(pending), pending);
    this.#wake();
  }
}

/** The interface whose gate a pending release passes. */
export function interfaceOf(pending: PendingRelease): Interface {
  if (pending.kind === "attachment") return pending.attachment;
  const { containerID: containerId, ifName } = pending.lease.spec;
  return { containerId, ifName };
}

function keyOf(pending: PendingRelease): string {
  const network = pending.kind === "attachment" ? pending.attachment.network : pending.lease.spec.network;
  const name = pending.kind === "attachment" ? "" : pending.lease.metadata.name;
  return `${interfaceKey(interfaceOf(pending))}/${network}/${name}`;
}
