import type { CreateOutcome, DeleteOutcome, LeaseStore, LeaseVersion, ReplaceOutcome } from "@cluster-ipam/allocator";
import { asIPLease, type IPLease } from "@cluster-ipam/api";
import { type Answered, type KubeAnswer, parseStatus } from "@cluster-ipam/kube";
import { getObject, listObjects } from "./api-read.ts";
import { deleteObject } from "./object-delete.ts";
import { isObjectMissing } from "./refusal.ts";
import { LEASES, matching, objectPath } from "./resource.ts";
import { type Api, type Unclear, unclear, unreadable, writeOnce } from "./single-write.ts";
import { NAMES_ONLY, namesOfTable } from "./table.ts";

/** What may be set for tests, and has a value of its own otherwise. */
export interface LeaseStoreOptions {
  /** Leases a page of a list, at most. */
  readonly pageSize?: number;
  /** How long one write may take. */
  readonly writeTimeoutMs?: number;
}

/** Names are short, so that thousands fit into one answer; the server's own bound for a page is far higher. */
const PAGE_SIZE = 5_000;
const OK = 200;
const CREATED = 201;
const CONFLICT = 409;

/**
 * Leases as custom resources on the API server, which decides who gets an address by whether the object can be created.
 *
 * An object that somebody else holds back with a finalizer counts as deleted once the server has accepted that: all
 * that is left to do is that owner's. Its name stays taken until then.
 */
export class ApiLeaseStore implements LeaseStore {
  readonly #api: Api;
  readonly #pageSize: number;
  readonly #writeTimeoutMs: number | undefined;

  constructor(api: Api, { pageSize = PAGE_SIZE, writeTimeoutMs }: LeaseStoreOptions = {}) {
    this.#api = api;
    this.#pageSize = pageSize;
    this.#writeTimeoutMs = writeTimeoutMs;
  }

  async create(lease: IPLease): Promise<CreateOutcome> {
    const { name, resourceVersion } = lease.metadata;
    // The server answers 500 to it, which would look like a write that may have happened.
    if (resourceVersion !== undefined) throw new RangeError(`lease ${name} has a version already`);
    const answer = await this.#write("POST", LEASES.path, lease);
    if (answer.kind === "answered") {
      if (answer.status === CREATED) return this.#written("created", answer);
      if (answer.status === CONFLICT && parseStatus(answer.body).reason === "AlreadyExists") return { kind: "taken" };
    }
    return unclear(this.#api, { verb: "create", resource: LEASES, name }, answer);
  }

  async replace(lease: IPLease): Promise<ReplaceOutcome> {
    const { name, uid, resourceVersion, deletionTimestamp } = lease.metadata;
    // Without both the write could hit a newer holder.
    if (uid === undefined || resourceVersion === undefined) throw new RangeError(`lease ${name} has no version`);
    // It would be written, and vanish all the same when the last finalizer goes.
    if (deletionTimestamp !== undefined) return { kind: "changed" };
    const answer = await this.#write("PUT", objectPath(LEASES, name), lease);
    if (answer.kind === "answered") {
      if (answer.status === OK) return this.#written("replaced", answer);
      if (answer.status === CONFLICT) return { kind: "changed" };
      if (isObjectMissing(answer.status, answer.body)) return { kind: "gone" };
    }
    return unclear(this.#api, { verb: "update", resource: LEASES, name }, answer);
  }

  delete(version: LeaseVersion): Promise<DeleteOutcome> {
    return deleteObject(this.#api, LEASES, version, this.#writeTimeoutMs);
  }

  async get(name: string, signal: AbortSignal): Promise<IPLease | undefined> {
    const object = await getObject(this.#api, LEASES, name, signal);
    return object === undefined ? undefined : asIPLease(object);
  }

  listByNode(node: string, signal: AbortSignal): Promise<IPLease[]> {
    return listObjects(this.#api, LEASES, { ...this.#matching("spec.node", node), pick: leasesOf }, signal);
  }

  listByHolder(holder: string, signal: AbortSignal): Promise<IPLease[]> {
    return listObjects(this.#api, LEASES, { ...this.#matching("spec.holder", holder), pick: leasesOf }, signal);
  }

  listNames(pool: string | undefined, signal: AbortSignal): Promise<string[]> {
    const { accept, includeObject } = NAMES_ONLY;
    const query = { ...(pool === undefined ? {} : matching("spec.pool", pool)), includeObject };
    const list = { pageSize: this.#pageSize, accept, query, pick: namesOfTable };
    return listObjects(this.#api, LEASES, list, signal);
  }

  #matching(
    field: string,
    value: string,
  ): { readonly pageSize: number; readonly query: { readonly fieldSelector: string } } {
    return { pageSize: this.#pageSize, query: matching(field, value) };
  }

  #write(method: "POST" | "PUT", path: string, body: object): Promise<KubeAnswer> {
    return writeOnce(this.#api, { method, path, body: JSON.stringify(body) }, this.#writeTimeoutMs);
  }

  #written<Kind extends string>(
    kind: Kind,
    { body }: Answered,
  ): { readonly kind: Kind; readonly lease: IPLease } | Unclear {
    try {
      return { kind, lease: asIPLease(JSON.parse(body)) };
    } catch (error) {
      return unreadable(this.#api, error);
    }
  }
}

function leasesOf({ items }: Readonly<Record<string, unknown>>): IPLease[] {
  if (!Array.isArray(items)) throw new TypeError("the API server's answer is not a list: it has no items");
  return items.map(asIPLease);
}
