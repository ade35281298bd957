import { blockName, type IPBlock, IPBlockSchema } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import { formatCidr, parseCidr } from "@cluster-ipam/ip";
import type { BlockCreateOutcome, BlockStore } from "../block-store.ts";
import type { DeleteOutcome, LeaseVersion } from "../lease-store.ts";
import { type Pace, StoreFaults } from "./store-faults.ts";
import { VersionCounter } from "./version-counter.ts";

/** Blocks in memory, as MemoryLeaseStore has leases. */
export class MemoryBlockStore implements BlockStore {
  readonly faults: StoreFaults<keyof BlockStore>;
  readonly #blocks = new Map<string, IPBlock>();
  readonly #versions = new VersionCounter();

  /** @param pace as that of MemoryLeaseStore */
  constructor(pace?: Pace) {
    this.faults = new StoreFaults(pace);
  }

  /** Every block at this moment, sorted by name; no call. */
  snapshot(): IPBlock[] {
    return [...this.#blocks.values()]
      .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
      .map((block) => structuredClone(block));
  }

  /** Makes a block as another node would, in the place of one that is there; no call. */
  put(block: IPBlock): IPBlock {
    const stored = { ...validated(block), metadata: this.#versions.first(block.metadata) };
    this.#blocks.set(block.metadata.name, stored);
    return structuredClone(stored);
  }

  /** Deletes a block, as an administrator would; no call. */
  remove(name: string): void {
    this.#blocks.delete(name);
  }

  /** Gives a block another version, as whoever annotates it does; no call. */
  touch(name: string): void {
    const block = this.#blocks.get(name);
    if (block !== undefined) this.#blocks.set(name, { ...block, metadata: this.#versions.next(block.metadata) });
  }

  async create(block: IPBlock): Promise<BlockCreateOutcome> {
    const draft = structuredClone(block);
    const { name, resourceVersion } = draft.metadata;
    if (resourceVersion !== undefined) throw new RangeError(`block ${name} has a version already`);
    return this.faults.write({ operation: "create", name }, () => {
      const valid = validated(draft);
      return this.#blocks.has(name) ? { kind: "taken" } : { kind: "created", block: this.put(valid) };
    });
  }

  delete({ name, uid, resourceVersion }: LeaseVersion): Promise<DeleteOutcome> {
    return this.faults.write({ operation: "delete", name }, () => {
      const current = this.#blocks.get(name)?.metadata;
      if (current === undefined) return { kind: "gone" };
      if (current.uid !== uid || current.resourceVersion !== resourceVersion) return { kind: "changed" };
      this.#blocks.delete(name);
      return { kind: "deleted" };
    });
  }

  get(name: string, signal: AbortSignal): Promise<IPBlock | undefined> {
    return this.faults.read({ operation: "get", name }, signal, () => structuredClone(this.#blocks.get(name)));
  }

  listByNode(node: string, signal: AbortSignal): Promise<IPBlock[]> {
    const call = { operation: "listByNode", name: node } as const;
    return this.faults.read(call, signal, () => this.snapshot().filter(({ spec }) => spec.node === node));
  }

  listByPool(pool: string, signal: AbortSignal): Promise<IPBlock[]> {
    const call = { operation: "listByPool", name: pool } as const;
    return this.faults.read(call, signal, () => this.snapshot().filter(({ spec }) => spec.pool === pool));
  }
}

/** The block with the definition's defaults, held to the rule that ties its name to its prefix. */
function validated(draft: IPBlock): IPBlock {
  const parsed = IPBlockSchema.safeParse(draft);
  if (!parsed.success) throw refused(parsed.error.message, draft);
  const { prefix, addressSpace } = parsed.data.spec;
  const cidr = parseCidr(prefix);
  if (cidr === undefined || formatCidr(cidr) !== prefix) throw refused(`spec.prefix ${prefix}`, draft);
  const name = blockName(cidr, addressSpace);
  if (draft.metadata.name !== name) throw refused(`metadata.name must be "${name}"`, draft);
  return parsed.data;
}

function refused(why: string, { metadata }: IPBlock): IpamError {
  return new IpamError("object-refused", `memory refused ipblock ${metadata.name}: ${why}`);
}
