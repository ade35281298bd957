import type { KubeClient } from "./kube-client.ts";
import type { Answered, KubeRequest } from "./kube-request.ts";
import type { ObjectCache } from "./object-cache.ts";
import { keyOf, metaOf, versionOf } from "./object-meta.ts";
import { type ReadTrouble, troubleOf } from "./read-trouble.ts";

/** What is listed. */
export interface ListRequest extends Pick<KubeRequest, "path" | "query" | "timeoutMs"> {
  /** Objects a page, at most. */
  readonly pageSize: number;
}

/**
 * What became of one page.
 *
 * - `more`: there is another one.
 * - `done`: it was the last one. What the list did not hold is gone from the cache.
 *
 * After trouble the same page is read again; after a 410, for which the server has forgotten the state that the pages
 * belong to, the first one.
 */
export type PageOutcome =
  | { readonly kind: "more" }
  | { readonly kind: "done"; readonly resourceVersion: string }
  | ReadTrouble;

const OK = 200;
const GONE = 410;

/**
 * One list of everything into a cache, a page at a time, so that neither the server nor this process ever holds all of
 * it as text. Each page is taken over as it comes, therefore the cache is a mixture of two states until the last one;
 * for each object by itself it never goes back. A list starts with a consistent read: no server that lags behind, nor
 * its cache, answers with what was true a while ago.
 */
export class ListPass<T> {
  readonly #client: Pick<KubeClient, "request">;
  readonly #list: ListRequest;
  readonly #cache: ObjectCache<T>;
  readonly #listed = new Set<string>();
  #next = "";

  constructor(client: Pick<KubeClient, "request">, list: ListRequest, cache: ObjectCache<T>) {
    this.#client = client;
    this.#list = list;
    this.#cache = cache;
  }

  /** Makes one attempt at the next page. */
  async readPage(signal: AbortSignal): Promise<PageOutcome> {
    const { path, timeoutMs, query, pageSize } = this.#list;
    const paging = { limit: String(pageSize), ...(this.#next === "" ? {} : { continue: this.#next }) };
    const answer = await this.#client.request({
      method: "GET",
      path,
      timeoutMs,
      query: { ...query, ...paging },
      signal,
    });
    if (answer.kind === "answered" && answer.status === GONE) this.#startOver();
    if (answer.kind === "failed" || answer.status !== OK) return troubleOf(answer);
    const page = listOf(answer);
    return page === undefined ? { kind: "garbled", message: "the answer is no list" } : this.#take(page);
  }

  #startOver(): void {
    this.#next = "";
    this.#listed.clear();
  }

  #take({ items, metadata }: ListAnswer): PageOutcome {
    for (const item of items ?? []) {
      const meta = metaOf(item);
      if (meta === undefined) return { kind: "garbled", message: "an object of the list has no name or no version" };
      this.#listed.add(keyOf(meta));
      this.#cache.set(meta, item);
    }
    this.#next = metadata.continue ?? "";
    if (this.#next !== "") return { kind: "more" };
    this.#cache.retain(this.#listed);
    return { kind: "done", resourceVersion: metadata.resourceVersion };
  }
}

/** What a list is read as. */
interface ListAnswer {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  /** null where a server has no object of a built-in kind. */
  readonly items: readonly unknown[] | null;
}

/** A page; undefined for everything else, however much it looks like a list without objects. */
export function listOf({ body }: Pick<Answered, "body">): ListAnswer | undefined {
  try {
    const list = JSON.parse(body) as { readonly kind?: unknown; readonly items?: unknown } | null;
    const isList = typeof list?.kind === "string" && list.kind.endsWith("List");
    const hasItems = Array.isArray(list?.items) || list?.items === null;
    return isList && hasItems && versionOf(list) !== "" ? (list as unknown as ListAnswer) : undefined;
  } catch {
    // Cut off, or not from the API server.
    return undefined;
  }
}
