import type { OwnLeases } from "@cluster-ipam/allocator";
import type { IPLease } from "@cluster-ipam/api";
import type { Attachment } from "@cluster-ipam/cni";
import { IpamError } from "@cluster-ipam/errors";
import { interfaceKey } from "./attachment-gate.ts";
import type { Sandboxes } from "./sandbox.ts";

/** How many released attachments are remembered, so that a DEL that is repeated costs no list. */
const RELEASED_LIMIT = 4_096;
/** Stands for the start of an ADD of an earlier boot, or of one that nobody noted: before every call of this boot. */
const BEFORE_ALL_NS = -1n;

interface Holding {
  readonly lease: IPLease;
  readonly takenAtNs: bigint;
}

/**
 * The leases of this node, as far as this process knows: the list at its start, and its own writes since.
 *
 * What is in here is worth a try; what is not in here proves nothing.
 */
export class Attachments implements OwnLeases {
  readonly #sandboxes: Sandboxes;
  readonly #bootId: string;
  readonly #byName = new Map<string, Holding>();
  readonly #byInterface = new Map<string, Set<string>>();
  readonly #byHolder = new Map<string, Set<string>>();
  readonly #released = new Set<string>();
  #isLoaded = false;
  #loadFailure: IpamError | undefined;

  /** @param bootId names the boot that the times of this process count from */
  constructor(sandboxes: Sandboxes, bootId: string) {
    this.#sandboxes = sandboxes;
    this.#bootId = bootId;
  }

  /** Whether the node's leases have been read once. Before, nobody can tell what the node holds. */
  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  /**
   * Passes once the node's leases have been read.
   *
   * @throws IpamError `agent-not-ready`, with what kept them from being read where that has been tried
   */
  assertLoaded(): void {
    if (this.#isLoaded) return;
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

  /** Takes the first full list in. */
  load(leases: readonly IPLease[]): void {
    for (const lease of leases) this.put(lease, this.#addedAtNs(lease));
    this.#isLoaded = true;
  }

  /** This node holds `lease` now, at this version, for an ADD that began at `takenAtNs` (WireRequest.startedAt). */
  put(lease: IPLease, takenAtNs: bigint): void {
    const { name } = lease.metadata;
    this.forget(name);
    this.#byName.set(name, { lease: slimLease(lease), takenAtNs });
    index(this.#byInterface, interfaceKeyOf(lease), name);
    if (lease.spec.holder !== "") index(this.#byHolder, lease.spec.holder, name);
    for (const network of ["", lease.spec.network]) this.#released.delete(`${interfaceKeyOf(lease)}/${network}`);
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
    unindex(this.#byInterface, interfaceKeyOf(lease), name);
    unindex(this.#byHolder, lease.spec.holder, name);
  }

  /** Leases of an attachment; network "" means every network of the interface. */
  of(attachment: Attachment): IPLease[] {
    const leases = this.#resolve(this.#byInterface.get(interfaceKey(attachment)));
    return leases.filter(({ spec }) => attachment.network === "" || spec.network === attachment.network);
  }

  /** Every lease of one network. */
  ofNetwork(network: string): IPLease[] {
    return [...this.#byName.values()].map(({ lease }) => lease).filter(({ spec }) => spec.network === network);
  }

  byName(name: string): IPLease | undefined {
    return this.#byName.get(name)?.lease;
  }

  byHolder(holder: string): readonly IPLease[] {
    return this.#resolve(this.#byHolder.get(holder));
  }

  /**
   * Whether the last ADD that answered with `lease` began before `startedAtNs` of this boot. Where this process served
   * none, the one that took the address counts; the lease says when that was.
   */
  isOlderThan(lease: IPLease, startedAtNs: bigint): boolean {
    const known = this.#byName.get(lease.metadata.name);
    const isSame = known !== undefined && known.lease.metadata.uid === lease.metadata.uid;
    return (isSame ? known.takenAtNs : this.#addedAtNs(lease)) < startedAtNs;
  }

  isSandboxGone({ spec }: IPLease): boolean {
    return spec.sandbox !== undefined && this.#sandboxes.isGone(spec.sandbox);
  }

  /** Everything that the attachment had has been released, or is in the hands of the pending releases. */
  markReleased(attachment: Attachment): void {
    const key = attachmentKey(attachment);
    this.#released.delete(key);
    this.#released.add(key);
    const oldest = this.#released.values().next().value;
    if (this.#released.size > RELEASED_LIMIT && oldest !== undefined) this.#released.delete(oldest);
  }

  /** Whether this process has released the attachment and taken nothing for it since. */
  wasReleased(attachment: Attachment): boolean {
    return this.#released.has(attachmentKey(attachment));
  }

  #addedAtNs({ spec: { addedAt } }: IPLease): bigint {
    return addedAt?.bootID === this.#bootId ? BigInt(addedAt.bootTimeNs) : BEFORE_ALL_NS;
  }

  #resolve(names: ReadonlySet<string> | undefined): IPLease[] {
    return [...(names ?? [])].flatMap((name) => this.byName(name) ?? []);
  }
}

/** `lease` with what names its version, less the rest of its metadata, which is several times the lease itself. */
export function slimLease(lease: IPLease): IPLease {
  const { name, uid = "", resourceVersion = "" } = lease.metadata;
  return { ...lease, metadata: { name, uid, resourceVersion } };
}

function interfaceKeyOf({ spec }: IPLease): string {
  return interfaceKey({ containerId: spec.containerID, ifName: spec.ifName });
}

function attachmentKey(attachment: Attachment): string {
  return `${interfaceKey(attachment)}/${attachment.network}`;
}

function index(map: Map<string, Set<string>>, key: string, name: string): void {
  map.set(key, (map.get(key) ?? new Set()).add(name));
}

function unindex(map: Map<string, Set<string>>, key: string, name: string): void {
  const names = map.get(key);
  names?.delete(name);
  if (names?.size === 0) map.delete(key);
}
