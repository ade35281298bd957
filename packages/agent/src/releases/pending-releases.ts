import type { Clock, Origin } from "@cluster-ipam/allocator";
import type { IPLease } from "@cluster-ipam/api";
import type { CniRequest } from "@cluster-ipam/cni";
import { type Interface, interfaceKey } from "../attachments/attachment-gate.ts";
import { LATE_WRITE_MS } from "../attachments/attachments.ts";
import { WakeUp } from "../wake-up.ts";

/** What a DEL asks for: everything of its attachment that no later ADD has. */
export type AttachmentRelease = Pick<CniRequest, "attachment" | "startedAtNs">;

/** What is still to be released: one lease, or what a DEL asks for. */
export type PendingRelease =
  | {
      readonly kind: "lease";
      readonly lease: IPLease;
      /** What it is to be again. */
      readonly origin: Origin;
      readonly mayAppearUntilMs: number;
    }
  | ({
      readonly kind: "attachment";
      /** Until then an earlier process may still write what the release is for. */
      readonly mayAppearUntilMs: number;
      /** When to look the next time, and how long to wait after that. */
      readonly lookAtMs: number;
      readonly pauseMs: number;
    } & AttachmentRelease);

/** The first pause between two looks for what an earlier process may still write; doubled each time. */
const LATE_LOOK_MS = 15_000;
/** As DEL releases it: somebody was told of it. */
const HELD: Origin = { kind: "held" };
const LOOK_NOW = { lookAtMs: 0, pauseMs: LATE_LOOK_MS } as const;

/** Releases that could not be made, or not be confirmed, when they were due. The same one is kept once. */
export class PendingReleases {
  readonly #clock: Pick<Clock, "nowMs">;
  readonly #pending = new Map<string, PendingRelease>();
  readonly #keysOf = new Map<string, Set<string>>();
  readonly #wakeUp = new WakeUp();

  constructor(clock: Pick<Clock, "nowMs">) {
    this.#clock = clock;
  }

  /** Number of releases that are due, now or later. */
  get size(): number {
    return this.#pending.size;
  }

  /** Number of releases that have not been made as far as there is anything to release. */
  get unconfirmed(): number {
    return this.due().filter((pending) => pending.kind === "lease" || pending.lookAtMs === 0).length;
  }

  /** What is due, now or later, in the order in which it came. */
  due(): readonly PendingRelease[] {
    return [...this.#pending.values()];
  }

  /** What is worth a look now. */
  dueNow(): readonly PendingRelease[] {
    const nowMs = this.#clock.nowMs();
    return this.due().filter((pending) => isDueAt(pending, nowMs));
  }

  /** What is due, now or later, for one interface. */
  dueFor(of: Interface): readonly PendingRelease[] {
    const keys = this.#keysOf.get(interfaceKey(of)) ?? [];
    return [...keys].flatMap((key) => this.#pending.get(key) ?? []);
  }

  /** Whether `pending` is still due, as it is. */
  has(pending: PendingRelease): boolean {
    return this.#pending.get(keyOf(pending)) === pending;
  }

  /** `lease` exists and is to go. */
  addLease(lease: IPLease, origin: Origin = HELD): void {
    this.#addLease(lease, origin, 0);
  }

  /** `lease` may exist, now or until the server has given up the request that was to create it. */
  addUncertain(lease: IPLease, origin: Origin = HELD): void {
    this.#addLease(lease, origin, this.#clock.nowMs() + LATE_WRITE_MS);
  }

  /**
   * A DEL that could not find out what its attachment has.
   *
   * @param mayAppearUntilMs until when an earlier process may still write what it is for
   */
  addAttachment({ attachment, startedAtNs }: AttachmentRelease, mayAppearUntilMs = 0): void {
    const pending = { kind: "attachment", attachment, startedAtNs, mayAppearUntilMs, ...LOOK_NOW } as const;
    const known = this.#pending.get(keyOf(pending));
    if (known?.kind !== "attachment") return this.#add(pending);
    const isLater = startedAtNs > known.startedAtNs;
    // One that asks for no more than the known one has been looked at with that.
    if (!isLater && mayAppearUntilMs <= known.mayAppearUntilMs) return this.#add(known);
    this.#add({
      ...known,
      startedAtNs: isLater ? startedAtNs : known.startedAtNs,
      mayAppearUntilMs: Math.max(mayAppearUntilMs, known.mayAppearUntilMs),
      ...(isLater ? LOOK_NOW : {}),
    });
  }

  /** `pending` has been released as far as it is there; what may still appear is looked for later, and once nothing can. */
  postpone(pending: Extract<PendingRelease, { kind: "attachment" }>): void {
    if (!this.has(pending)) return;
    const { mayAppearUntilMs, pauseMs } = pending;
    const lookAtMs = Math.min(mayAppearUntilMs, this.#clock.nowMs() + pauseMs);
    this.#pending.set(keyOf(pending), { ...pending, lookAtMs, pauseMs: 2 * pauseMs });
  }

  /** `pending` is settled. */
  remove(pending: PendingRelease): void {
    if (!this.has(pending)) return;
    const key = keyOf(pending);
    const owner = interfaceKey(interfaceOf(pending));
    this.#pending.delete(key);
    const keys = this.#keysOf.get(owner);
    keys?.delete(key);
    if (keys?.size === 0) this.#keysOf.delete(owner);
  }

  /** Resolves when something is due, now or later, or `signal` aborts. */
  untilDue(signal: AbortSignal): Promise<void> {
    return this.#pending.size > 0 ? Promise.resolve() : this.#wakeUp.wait(signal);
  }

  #addLease(lease: IPLease, origin: Origin, untilMs: number): void {
    const pending = { kind: "lease", lease, origin, mayAppearUntilMs: untilMs } as const;
    const known = this.#pending.get(keyOf(pending));
    const knownUntilMs = known?.kind === "lease" ? known.mayAppearUntilMs : 0;
    this.#add({ ...pending, mayAppearUntilMs: Math.max(untilMs, knownUntilMs) });
  }

  #add(pending: PendingRelease): void {
    const key = keyOf(pending);
    const owner = interfaceKey(interfaceOf(pending));
    this.#pending.set(key, pending);
    this.#keysOf.set(owner, (this.#keysOf.get(owner) ?? new Set()).add(key));
    this.#wakeUp.call();
  }
}

/** Whether a look at `pending` may show something at that time. */
export function isDueAt(pending: PendingRelease, nowMs: number): boolean {
  return pending.kind === "lease" || pending.lookAtMs <= nowMs;
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
