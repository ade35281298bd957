import type { CreateOutcome, DeleteOutcome, LeaseStore, ReplaceOutcome } from "@cluster-ipam/allocator";
import type { IPLease } from "@cluster-ipam/api";

/** What the store of {@link InstantStore} is made of. */
export interface InstantStoreOptions {
  /** Names of the leases that every list of a pool gives. */
  readonly names?: readonly string[];
  /** The leases that every list of a node gives. */
  readonly ofNode?: () => IPLease[];
}

/** Leases whose every write succeeds at once: what is measured over it is our own work. */
export class InstantStore implements LeaseStore {
  /** When the last create was asked for, by `performance.now()`: its address had been chosen then. */
  createAskedAtMs: number = Number.NaN;
  readonly #options: InstantStoreOptions;
  #version = 0;

  constructor(options: InstantStoreOptions = {}) {
    this.#options = options;
  }

  create(lease: IPLease): Promise<CreateOutcome> {
    this.createAskedAtMs = performance.now();
    return Promise.resolve({ kind: "created", lease: this.#written(lease) });
  }

  replace(lease: IPLease): Promise<ReplaceOutcome> {
    return Promise.resolve({ kind: "replaced", lease: this.#written(lease) });
  }

  delete(): Promise<DeleteOutcome> {
    return Promise.resolve({ kind: "deleted" });
  }

  get(): Promise<IPLease | undefined> {
    return Promise.resolve(undefined);
  }

  listByNode(): Promise<IPLease[]> {
    return Promise.resolve(this.#options.ofNode?.() ?? []);
  }

  listByHolder(): Promise<IPLease[]> {
    return Promise.resolve([]);
  }

  listNames(): Promise<string[]> {
    return Promise.resolve([...(this.#options.names ?? [])]);
  }

  #written(lease: IPLease): IPLease {
    this.#version += 1;
    const version = String(this.#version);
    return { ...lease, metadata: { ...lease.metadata, uid: version, resourceVersion: version } };
  }
}
