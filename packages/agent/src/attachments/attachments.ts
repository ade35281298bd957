import { beganBefore, isHeldBy, type OwnLeases } from "@cluster-ipam/allocator";
import type { IPLease } from "@cluster-ipam/api";
import type { Attachment } from "@cluster-ipam/cni";
import { IpamError } from "@cluster-ipam/errors";
import { holdingInterface, interfaceKey } from "./attachment-gate.ts";
import { NameIndex } from "./name-index.ts";
import { OustedLeases } from "./ousted-leases.ts";
import { ReleasedAttachments } from "./released-attachments.ts";
import type { Sandboxes } from "./sandbox.ts";
import { slimLease } from "./slim-lease.ts";

/**
 * How long after a process ended a write of it may still happen: a minute past the 60 s after which a kube-apiserver
 * ends a request by itself (--request-timeout).
 */
export const LATE_WRITE_MS = 120_000;

interface Holding {
  readonly lease: IPLease;
  /** Whether the first full list told of it, and not this process's own write. */
  readonly isListed: boolean;
}

/**
 * The leases of this node, as far as this process knows: the list at its start, and its own writes since.
 *
 * What is in here is worth a try; what is not in here proves nothing.
 */
export class Attachments implements OwnLeases {
  /** What attachments of this node have lost to others of this node. */
  readonly ousted: OustedLeases = new OustedLeases();
  /** What attachments of this node have given back. */
  readonly released: ReleasedAttachments = new ReleasedAttachments();
  readonly #sandboxes: Sandboxes;
  readonly #byName = new Map<string, Holding>();
  readonly #byContainer = new NameIndex();
  readonly #byHolder = new NameIndex();
  /** Leases of which two writes were seen whose order is not certain. */
  readonly #doubts = new Set<string>();
  /** When the first full list began. */
  #loadedAtMs: number | undefined;
  #isLateListDue = false;
  #loadFailure: IpamError | undefined;

  constructor(sandboxes: Sandboxes) {
    this.#sandboxes = sandboxes;
  }

  /** Whether the node's leases have been read once. Before, nobody can tell what the node holds. */
  get isLoaded(): boolean {
    return this.#loadedAtMs !== undefined;
  }

  /**
   * Passes once the node's leases have been read.
   *
   * @throws IpamError `agent-not-ready`, with what kept them from being read where that has been tried
   */
  assertLoaded(): void {
    if (this.isLoaded) return;
    const text = "the agent has not read its node's leases from the API server yet";
    const cause = this.#loadFailure;
    if (cause === undefined) throw new IpamError("agent-not-ready", text);
    throw new IpamError("agent-not-ready", `${text}: ${cause.message}`, { cause });
  }

  /** The first full list could not be had; it will be tried again. */
  loadFailed(error: unknown): void {
    this.#loadFailure = IpamError.from(error);
  }

  /** Number of leases known. */
  get size(): number {
    return this.#byName.size;
  }

  /** Takes the first full list in, which began at `listedAtMs`. */
  load(leases: readonly IPLease[], listedAtMs: number): void {
    for (const lease of leases) this.#add({ lease, isListed: true });
    this.#loadedAtMs = listedAtMs;
  }

  /** What an earlier process had under way is looked for by a second list: until that is over, memory may lack it. */
  lateListIsDue(isDue: boolean): void {
    this.#isLateListDue = isDue;
  }

  /**
   * A read made inside the gate of its attachment has shown `lease`: that is the truth, whatever version was known. A
   * server that was restored from a backup counts versions anew.
   */
  putRead(lease: IPLease): void {
    const isListed = this.#byName.get(lease.metadata.name)?.isListed ?? true;
    this.#replace({ lease, isListed });
  }

  /** Names of the leases to be read again: two writes of them were seen, and nobody can tell which was the later. */
  takeDoubts(): readonly string[] {
    const names = [...this.#doubts];
    this.#doubts.clear();
    return names;
  }

  /** This node holds `lease` now, at this version. Another attachment that has taken it over since keeps it. */
  put(lease: IPLease): void {
    this.ousted.answered(lease);
    this.#add({ lease, isListed: false });
  }

  /** Whether memory still has exactly this lease, be it ousted. */
  has(lease: IPLease): boolean {
    return this.byName(lease.metadata.name) === lease || this.ousted.has(lease);
  }

  #add({ lease, isListed }: Holding): void {
    const { name } = lease.metadata;
    const known = this.byName(name);
    if (known !== undefined && isLaterVersion(known, lease)) {
      this.#doubts.add(name);
      // Versions of one object are in order, unless the server was restored from a backup; those of two say little.
      if (known.metadata.uid === lease.metadata.uid) return;
    }
    this.#replace({ lease, isListed });
  }

  #replace({ lease, isListed }: Holding): void {
    const { name, uid } = lease.metadata;
    const known = this.byName(name);
    // A take-over is a write of the same object; this is another one.
    if (known !== undefined && known.metadata.uid !== uid && !isHeldBy(known, lease.spec)) this.ousted.add(known);
    this.forget(name);
    this.#byName.set(name, { lease: slimLease(lease), isListed });
    this.#byContainer.add(lease.spec.containerID, name);
    if (lease.spec.holder !== "") this.#byHolder.add(lease.spec.holder, name);
    this.released.taken(lease);
  }

  /** The attachment of `lease` does not have it any more, or is about to give it back; a newer holder keeps it. */
  drop(lease: IPLease): void {
    const known = this.byName(lease.metadata.name);
    if (known !== undefined && interfaceKeyOf(known) === interfaceKeyOf(lease)) this.forget(known.metadata.name);
  }

  /** Nobody on this node has the lease of that name. */
  forget(name: string): void {
    const lease = this.byName(name);
    if (lease === undefined) return;
    this.#byName.delete(name);
    this.#byContainer.remove(lease.spec.containerID, name);
    this.#byHolder.remove(lease.spec.holder, name);
  }

  /** Leases of an attachment; network "" means every network of the interface. */
  of(attachment: Attachment): IPLease[] {
    const { network, containerId, ifName } = attachment;
    const leases = this.#resolve(this.#byContainer.get(containerId));
    return leases.filter(({ spec }) => spec.ifName === ifName && (network === "" || spec.network === network));
  }

  /** Every lease known. */
  all(): IPLease[] {
    return [...this.#byName.values()].map(({ lease }) => lease);
  }

  /** Every lease of one network. */
  ofNetwork(network: string): IPLease[] {
    return this.all().filter(({ spec }) => spec.network === network);
  }

  byName(name: string): IPLease | undefined {
    return this.#byName.get(name)?.lease;
  }

  byHolder(holder: string): readonly IPLease[] {
    return this.#resolve(this.#byHolder.get(holder));
  }

  /** Whether the last ADD that was answered with `lease` began before `startedAtNs`; so where nobody knows. */
  isOlderThan(lease: IPLease, startedAtNs: bigint): boolean {
    return beganBefore(lease, { bootID: this.#sandboxes.bootID, startedAtNs });
  }

  /**
   * Whether an attachment may have more than these leases, now or later: they are not all this process's own, and what
   * an earlier process had under way may still be written, or has not been read yet.
   */
  mayHaveMore(leases: readonly IPLease[], nowMs: number): boolean {
    const isLateWritePossible = this.#isLateListDue || nowMs - (this.#loadedAtMs ?? nowMs) < LATE_WRITE_MS;
    const isOwn = ({ metadata }: IPLease): boolean => this.#byName.get(metadata.name)?.isListed === false;
    return isLateWritePossible && (leases.length === 0 || !leases.every(isOwn));
  }

  isSandboxGone({ spec }: IPLease): boolean {
    return spec.sandbox !== undefined && this.#sandboxes.isGone(spec.sandbox);
  }

  #resolve(names: readonly string[]): IPLease[] {
    return names.flatMap((name) => this.byName(name) ?? []);
  }
}

/** The server counts versions up; of any that are no numbers the one that comes last is taken for the latest. */
function isLaterVersion(known: IPLease, lease: IPLease): boolean {
  const [knownVersion, version] = [known, lease].map(({ metadata }) => Number(metadata.resourceVersion));
  return knownVersion !== undefined && version !== undefined && knownVersion > version;
}

function interfaceKeyOf(lease: IPLease): string {
  return interfaceKey(holdingInterface(lease));
}
