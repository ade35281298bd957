import type { BlockCreateOutcome, BlockStore, DeleteOutcome, LeaseVersion } from "@cluster-ipam/allocator";
import { asIPBlock, type IPBlock } from "@cluster-ipam/api";
import { parseStatus } from "@cluster-ipam/kube";
import { getObject, listObjects } from "./api-read.ts";
import { deleteObject } from "./object-delete.ts";
import { BLOCKS, matching } from "./resource.ts";
import { type Api, type Unclear, unclear, unreadable, writeOnce } from "./single-write.ts";

/** What may be set for tests, and has a value of its own otherwise. */
export interface BlockStoreOptions {
  /** Blocks a page of a list, at most. */
  readonly pageSize?: number;
}

const PAGE_SIZE = 1_000;
const CREATED = 201;
const CONFLICT = 409;

/** Blocks as custom resources on the API server, which decides who gets a prefix by whether the object can be created. */
export class ApiBlockStore implements BlockStore {
  readonly #api: Api;
  readonly #pageSize: number;

  constructor(api: Api, { pageSize = PAGE_SIZE }: BlockStoreOptions = {}) {
    this.#api = api;
    this.#pageSize = pageSize;
  }

  async create(block: IPBlock): Promise<BlockCreateOutcome> {
    const { name, resourceVersion } = block.metadata;
    // The server answers 500 to it, which would look like a write that may have happened.
    if (resourceVersion !== undefined) throw new RangeError(`block ${name} has a version already`);
    const answer = await writeOnce(this.#api, { method: "POST", path: BLOCKS.path, body: JSON.stringify(block) });
    if (answer.kind === "answered") {
      if (answer.status === CREATED) return this.#written(answer.body);
      if (answer.status === CONFLICT && parseStatus(answer.body).reason === "AlreadyExists") return { kind: "taken" };
    }
    return unclear(this.#api, { verb: "create", resource: BLOCKS, name }, answer);
  }

  delete(version: LeaseVersion): Promise<DeleteOutcome> {
    return deleteObject(this.#api, BLOCKS, version);
  }

  async get(name: string, signal: AbortSignal): Promise<IPBlock | undefined> {
    const object = await getObject(this.#api, BLOCKS, name, signal);
    return object === undefined ? undefined : asIPBlock(object);
  }

  listByNode(node: string, signal: AbortSignal): Promise<IPBlock[]> {
    return this.#list("spec.node", node, signal);
  }

  listByPool(pool: string, signal: AbortSignal): Promise<IPBlock[]> {
    return this.#list("spec.pool", pool, signal);
  }

  #list(field: string, value: string, signal: AbortSignal): Promise<IPBlock[]> {
    const list = { pageSize: this.#pageSize, query: matching(field, value), pick: blocksOf };
    return listObjects(this.#api, BLOCKS, list, signal);
  }

  #written(body: string): BlockCreateOutcome | Unclear {
    try {
      return { kind: "created", block: asIPBlock(JSON.parse(body)) };
    } catch (error) {
      return unreadable(this.#api, error);
    }
  }
}

function blocksOf({ items }: Readonly<Record<string, unknown>>): IPBlock[] {
  if (!Array.isArray(items)) throw new TypeError("the API server's answer is not a list: it has no items");
  return items.map(asIPBlock);
}
