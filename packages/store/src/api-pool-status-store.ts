import type { DeleteOutcome, LeaseVersion, PoolStatusStore, StatusWrite } from "@cluster-ipam/allocator";
import { asIPPool, type IPPool } from "@cluster-ipam/api";
import { deleteObject } from "./object-delete.ts";
import { isObjectMissing } from "./refusal.ts";
import { objectPath, POOLS } from "./resource.ts";
import { type Api, unclear, unreadable, writeOnce } from "./single-write.ts";

const OK = 200;
const CONFLICT = 409;

/** The status of pools on the API server, and their end. */
export class ApiPoolStatusStore implements PoolStatusStore {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  async writeStatus(pool: IPPool, signal: AbortSignal): Promise<StatusWrite> {
    const { name, uid, resourceVersion } = pool.metadata;
    // Without both the write could hit a pool that was made again, or undo what somebody else has written.
    if (uid === undefined || resourceVersion === undefined) throw new RangeError(`pool ${name} has no version`);
    const path = `${objectPath(POOLS, name)}/status`;
    const answer = await writeOnce(this.#api, { method: "PUT", path, body: JSON.stringify(pool), signal });
    if (answer.kind === "answered") {
      if (answer.status === OK) return this.#written(answer.body);
      if (answer.status === CONFLICT) return { kind: "changed" };
      if (isObjectMissing(answer.status, answer.body)) return { kind: "gone" };
    }
    return unclear(this.#api, { verb: "update", resource: POOLS, name }, answer);
  }

  delete(version: LeaseVersion): Promise<DeleteOutcome> {
    return deleteObject(this.#api, POOLS, version);
  }

  #written(body: string): StatusWrite {
    try {
      return { kind: "written", pool: asIPPool(JSON.parse(body)) };
    } catch (error) {
      return unreadable(this.#api, error);
    }
  }
}
