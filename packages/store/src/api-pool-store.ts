import { setTimeout as sleep } from "node:timers/promises";
import type { PoolList, PoolStore, UnreadablePool } from "@cluster-ipam/allocator";
import { asIPPool, asRestrictedRanges, type IPPool } from "@cluster-ipam/api";
import { IpamError } from "@cluster-ipam/errors";
import { parseStatus } from "@cluster-ipam/kube";
import { getObject, listObjects, unreachable } from "./api-read.ts";
import { POOLS } from "./resource.ts";
import { type Api, type Unclear, unclear, unreadable, writeOnce } from "./single-write.ts";

/** Pauses between two attempts to create a pool: 100 ms, doubled each time, at most 2 s, until the signal. */
const PAUSE = { firstMs: 100, maxMs: 2_000 } as const;
const PAGE_SIZE = 500;
const CREATED = 201;
const CONFLICT = 409;

/** Pools as custom resources on the API server. */
export class ApiPoolStore implements PoolStore {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  async get(name: string, signal: AbortSignal): Promise<IPPool | undefined> {
    const object = await getObject(this.#api, POOLS, name, signal);
    return object === undefined ? undefined : decodePool(object);
  }

  async list(signal: AbortSignal): Promise<PoolList> {
    const read = await listObjects(this.#api, POOLS, { pageSize: PAGE_SIZE, pick: poolsOf }, signal);
    return {
      pools: read.flatMap((one) => ("error" in one ? [] : [one])),
      unreadable: read.flatMap((one) => ("error" in one ? [one] : [])),
    };
  }

  async create(pool: IPPool, signal: AbortSignal): Promise<IPPool> {
    const startedAtMs = performance.now();
    let last: Unclear | undefined;
    for (let pauseMs: number = PAUSE.firstMs; !signal.aborted; pauseMs = Math.min(pauseMs * 2, PAUSE.maxMs)) {
      const attempt = await this.#createOnce(pool, signal);
      const created = attempt === "taken" ? await this.get(pool.metadata.name, signal) : attempt;
      // Deleted since: free to be created again.
      if (created === undefined) continue;
      if (created.kind === "IPPool") return created;
      // What the signal cut short says nothing about the server, if there was another answer before.
      if (last === undefined || !signal.aborted) last = created;
      // Rejects when the signal aborts, which the loop sees by itself.
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    }
    const reason = last?.reason ?? "there was no time to ask";
    throw unreachable(this.#api, performance.now() - startedAtMs, reason, last?.cause);
  }

  async #createOnce(pool: IPPool, signal: AbortSignal): Promise<IPPool | "taken" | Unclear> {
    const request = { method: "POST", path: POOLS.path, body: JSON.stringify(pool), signal } as const;
    const answer = await writeOnce(this.#api, request);
    if (answer.kind === "answered") {
      if (answer.status === CREATED) return this.#written(answer.body);
      if (answer.status === CONFLICT && parseStatus(answer.body).reason === "AlreadyExists") return "taken";
    }
    return unclear(this.#api, { verb: "create", resource: POOLS, name: pool.metadata.name }, answer);
  }

  #written(body: string): IPPool | Unclear {
    try {
      return asIPPool(JSON.parse(body));
    } catch (error) {
      return unreadable(this.#api, error);
    }
  }
}

function poolsOf({ items }: Readonly<Record<string, unknown>>): (IPPool | UnreadablePool)[] {
  if (!Array.isArray(items)) throw new TypeError("the API server's answer is not a list: it has no items");
  return items.map(readPool);
}

function decodePool(object: unknown): IPPool {
  const read = readPool(object);
  if ("error" in read) throw read.error;
  return read;
}

/** A pool may have passed the definition on the server but not ours: the two are of different versions. */
function readPool(object: unknown): IPPool | UnreadablePool {
  try {
    return asIPPool(object);
  } catch (cause) {
    // Whatever else is wrong with it, the server gives every object its metadata.
    const { metadata } = object as { readonly metadata: UnreadablePool["metadata"] };
    const text = cause instanceof Error ? cause.message : String(cause);
    const restricted = asRestrictedRanges(object);
    const error = new IpamError("bad-config", `pool ${metadata.name} cannot be used: ${text}`, { cause });
    return { metadata, error, ...(restricted === undefined ? {} : { restricted }) };
  }
}
