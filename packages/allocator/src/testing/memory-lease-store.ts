import { type IPLease, IPLeaseSchema, type IPLeaseSpec, leaseName } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import { formatAddress, parseAddress } from "@cluster-ipam/ip";
import type { CreateOutcome, DeleteOutcome, LeaseStore, LeaseVersion, ReplaceOutcome } from "../lease-store.ts";
import { type Pace, StoreFaults } from "./store-faults.ts";
import { VersionCounter } from "./version-counter.ts";

const IMMUTABLE_FIELDS = [
  "address",
  "prefixLength",
  "pool",
  "addressSpace",
] as const satisfies readonly (keyof IPLeaseSpec)[];

/**
 * Leases in memory, with the API server's versions, defaults and refusals as far as the allocator can meet them, and
 * with faults when a test asks for them.
 *
 * @example
 * const store = new MemoryLeaseStore();
 * store.faults.failWrites("create", { kind: "answer-lost" });
 */
export class MemoryLeaseStore implements LeaseStore {
  readonly faults: StoreFaults<keyof LeaseStore>;
  readonly #leases = new Map<string, IPLease>();
  readonly #versions = new VersionCounter();

  /** @param pace awaited on the way of every call to the store and back: where interleavings come from */
  constructor(pace?: Pace) {
    this.faults = new StoreFaults(pace);
  }

  /** Every lease at this moment, sorted by name; no call. */
  snapshot(): IPLease[] {
    return [...this.#leases.values()]
      .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
      .map((lease) => structuredClone(lease));
  }

  async create(lease: IPLease): Promise<CreateOutcome> {
    const draft = structuredClone(lease);
    const { name, resourceVersion } = draft.metadata;
    if (resourceVersion !== undefined) throw new RangeError(`lease ${name} has a version already`);
    return this.faults.write({ operation: "create", name }, () => this.#create(draft));
  }

  async replace(lease: IPLease): Promise<ReplaceOutcome> {
    const draft = structuredClone(lease);
    const { name, uid, resourceVersion } = draft.metadata;
    if (uid === undefined || resourceVersion === undefined) throw new RangeError(`lease ${name} has no version`);
    return this.faults.write({ operation: "replace", name }, () =>
      this.#replace(draft, { name, uid, resourceVersion }),
    );
  }

  delete(version: LeaseVersion): Promise<DeleteOutcome> {
    return this.faults.write({ operation: "delete", name: version.name }, () => {
      const current = this.#leases.get(version.name);
      if (current === undefined) return { kind: "gone" };
      if (!isAt(current, version)) return { kind: "changed" };
      this.#leases.delete(version.name);
      return { kind: "deleted" };
    });
  }

  get(name: string, signal: AbortSignal): Promise<IPLease | undefined> {
    return this.faults.read({ operation: "get", name }, signal, () => structuredClone(this.#leases.get(name)));
  }

  listByNode(node: string, signal: AbortSignal): Promise<IPLease[]> {
    const call = { operation: "listByNode", name: node } as const;
    return this.faults.read(call, signal, () => this.snapshot().filter(({ spec }) => spec.node === node));
  }

  listByHolder(holder: string, signal: AbortSignal): Promise<IPLease[]> {
    const call = { operation: "listByHolder", name: holder } as const;
    return this.faults.read(call, signal, () => this.snapshot().filter(({ spec }) => spec.holder === holder));
  }

  listNames(pool: string | undefined, signal: AbortSignal): Promise<string[]> {
    const call = { operation: "listNames", name: pool ?? "*" } as const;
    return this.faults.read(call, signal, () => {
      const listed = this.snapshot().filter(({ spec }) => pool === undefined || spec.pool === pool);
      return listed.map(({ metadata }) => metadata.name);
    });
  }

  #create(draft: IPLease): CreateOutcome {
    const lease = validated(draft);
    const { name } = lease.metadata;
    if (this.#leases.has(name)) return { kind: "taken" };
    return { kind: "created", lease: this.#store({ ...lease, metadata: this.#versions.first(lease.metadata) }) };
  }

  #replace(draft: IPLease, version: LeaseVersion): ReplaceOutcome {
    const current = this.#leases.get(version.name);
    if (current === undefined) return { kind: "gone" };
    if (draft.metadata.deletionTimestamp !== undefined || !isAt(current, version)) return { kind: "changed" };
    const lease = validated(draft);
    const changed = IMMUTABLE_FIELDS.filter((field) => lease.spec[field] !== current.spec[field]);
    if (changed.length > 0) throw refused(`${changed.join(", ")} is immutable`, draft);
    return { kind: "replaced", lease: this.#store({ ...lease, metadata: this.#versions.next(lease.metadata) }) };
  }

  #store(lease: IPLease): IPLease {
    this.#leases.set(lease.metadata.name, lease);
    return structuredClone(lease);
  }
}

function isAt({ metadata }: IPLease, { uid, resourceVersion }: LeaseVersion): boolean {
  return metadata.uid === uid && metadata.resourceVersion === resourceVersion;
}

/** The lease with the definition's defaults, held to the rule that ties its name to its address. */
function validated(draft: IPLease): IPLease {
  const parsed = IPLeaseSchema.safeParse(draft);
  if (!parsed.success) throw refused(parsed.error.message, draft);
  const { address, addressSpace } = parsed.data.spec;
  const parsedAddress = parseAddress(address);
  if (parsedAddress === undefined || formatAddress(parsedAddress) !== address)
    throw refused(`spec.address ${address}`, draft);
  const name = leaseName(parsedAddress, addressSpace);
  if (draft.metadata.name !== name) throw refused(`metadata.name must be "${name}"`, draft);
  if (!isWhole(parsed.data.spec)) throw refused("neither attached, nor reserved, nor released", draft);
  return parsed.data;
}

/** As the definition's rules have it: a lease is attached, reserved or released. */
function isWhole(spec: IPLeaseSpec): boolean {
  return spec.containerID === "" ? isUnattached(spec) : isAttached(spec);
}

function isUnattached({ node, pod, ifName, sandbox, reserved, releasedAt, keepSeconds }: IPLeaseSpec): boolean {
  if (node !== "" || sandbox !== undefined) return false;
  if (reserved === undefined) return releasedAt !== undefined;
  return releasedAt === undefined && keepSeconds === undefined && pod === undefined && ifName === "";
}

function isAttached({ pod, reserved, releasedAt, keepSeconds }: IPLeaseSpec): boolean {
  if (releasedAt !== undefined || keepSeconds !== undefined) return false;
  if (reserved === undefined) return true;
  return pod !== undefined && reserved.for?.namespace === pod.namespace && reserved.for.name === pod.name;
}

function refused(why: string, { metadata }: IPLease): IpamError {
  return new IpamError("object-refused", `memory refused iplease ${metadata.name}: ${why}`);
}
