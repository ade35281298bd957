import type { LeaseStore } from "@cluster-ipam/allocator";
import { MemoryLeaseStore } from "@cluster-ipam/allocator/testing";
import type { IPLease } from "@cluster-ipam/api";
import type { ChangeFeed } from "./change-feed.ts";

/** Who writes to the API server. */
export type Writer =
  | { readonly kind: "agent"; readonly node: string }
  | { readonly kind: "administrator" }
  /** Its writes may be done long after they were sent. */
  | { readonly kind: "controller"; readonly sentAtMs: number };

/** One write that changed a lease. */
export interface LeaseChange {
  readonly name: string;
  /** Undefined: it is created. */
  readonly before: IPLease | undefined;
  /** Undefined: it is deleted. */
  readonly after: IPLease | undefined;
  readonly writer: Writer;
}

/** What is done on the server is done at once. */
const NEVER = new AbortController().signal;

/** The leases of the API server, in a store that is held to the conformance suite, and every change of theirs. */
export class LeaseLog {
  readonly #store = new MemoryLeaseStore();
  readonly #leases = new Map<string, IPLease>();
  readonly #madeAtMs = new Map<string, number>();
  readonly #writtenAtMs = new Map<string, number>();
  readonly #listeners: ((change: LeaseChange) => void)[] = [];
  readonly #feed: ChangeFeed;
  readonly #now: () => number;
  /** Grows with each change. */
  version = 0;

  constructor(feed: ChangeFeed, now: () => number) {
    this.#feed = feed;
    this.#now = now;
  }

  /** `listener` is told of every change, in the step in which it happens. */
  onChange(listener: (change: LeaseChange) => void): void {
    this.#listeners.push(listener);
  }

  /** Every lease at this moment. */
  all(): readonly IPLease[] {
    return [...this.#leases.values()];
  }

  /** The lease of that name at this moment. */
  named(name: string): IPLease | undefined {
    return this.#leases.get(name);
  }

  /** Those that were there at some moment already, and have not been deleted since. */
  since(atMs: number): readonly IPLease[] {
    return this.all().filter(({ metadata }) => (this.#madeAtMs.get(metadata.name) ?? 0) <= atMs);
  }

  /** When the lease of that name was written last before now; of a change that is told, before that one. */
  writtenAtMs(name: string): number {
    return this.#writtenAtMs.get(name) ?? 0;
  }

  /** The store, as one of its clients has it. */
  as(writer: Writer): LeaseStore {
    const store = this.#store;
    return {
      create: async (lease) => {
        const outcome = await store.create(lease);
        if (outcome.kind === "created") this.#note(lease.metadata.name, outcome.lease, writer);
        return outcome;
      },
      replace: async (lease) => {
        const outcome = await store.replace(lease);
        if (outcome.kind === "replaced") this.#note(lease.metadata.name, outcome.lease, writer);
        return outcome;
      },
      delete: async (version) => {
        const outcome = await store.delete(version);
        if (outcome.kind === "deleted") this.#note(version.name, undefined, writer);
        return outcome;
      },
      get: (name) => store.get(name, NEVER),
      listByNode: (node) => store.listByNode(node, NEVER),
      listByHolder: (holder) => store.listByHolder(holder, NEVER),
      listNames: (pool) => store.listNames(pool, NEVER),
    };
  }

  #note(name: string, after: IPLease | undefined, writer: Writer): void {
    this.version += 1;
    const before = this.#leases.get(name);
    if (before === undefined) this.#madeAtMs.set(name, this.#now());
    if (after === undefined) {
      this.#leases.delete(name);
      this.#feed.remove(name);
    } else {
      this.#leases.set(name, after);
      this.#feed.put(after);
    }
    for (const listener of this.#listeners) listener({ name, before, after, writer });
    this.#writtenAtMs.set(name, this.#now());
  }
}
