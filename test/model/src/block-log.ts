import type { BlockStore } from "@cluster-ipam/allocator";
import { MemoryBlockStore } from "@cluster-ipam/allocator/testing";
import type { IPBlock } from "@cluster-ipam/api";
import type { ChangeFeed } from "./change-feed.ts";
import type { Writer } from "./lease-log.ts";

/** One write that made a block, or ended it. */
export interface BlockChange {
  readonly kind: "claimed" | "ended";
  readonly block: IPBlock;
  readonly writer: Writer;
}

/** What is done on the server is done at once. */
const NEVER = new AbortController().signal;

/** The blocks of the API server, and every change of theirs. */
export class BlockLog {
  readonly #store = new MemoryBlockStore();
  readonly #blocks = new Map<string, IPBlock>();
  readonly #listeners: ((change: BlockChange) => void)[] = [];
  readonly #feed: ChangeFeed;

  constructor(feed: ChangeFeed) {
    this.#feed = feed;
  }

  /** `listener` is told of every change, in the step in which it happens. */
  onChange(listener: (change: BlockChange) => void): void {
    this.#listeners.push(listener);
  }

  /** Every block at this moment. */
  all(): readonly IPBlock[] {
    return [...this.#blocks.values()];
  }

  /** The store, as one of its clients has it. */
  as(writer: Writer): BlockStore {
    const store = this.#store;
    return {
      create: async (block) => {
        const outcome = await store.create(block);
        if (outcome.kind === "created") this.#note({ kind: "claimed", block: outcome.block, writer });
        return outcome;
      },
      delete: async (version) => {
        const block = this.#blocks.get(version.name);
        const outcome = await store.delete(version);
        if (outcome.kind === "deleted" && block !== undefined) this.#note({ kind: "ended", block, writer });
        return outcome;
      },
      get: (name) => store.get(name, NEVER),
      listByNode: (node) => store.listByNode(node, NEVER),
      listByPool: (pool) => store.listByPool(pool, NEVER),
    };
  }

  #note(change: BlockChange): void {
    const { kind, block } = change;
    if (kind === "claimed") {
      this.#blocks.set(block.metadata.name, block);
      this.#feed.put(block);
    } else {
      this.#blocks.delete(block.metadata.name);
      this.#feed.remove(block.metadata.name);
    }
    for (const listener of this.#listeners) listener(change);
  }
}
