import type { KubeClient } from "./kube-client.ts";
import { type ReadOutcome, type ReadRequest, readPersistently } from "./persistent-read.ts";

/** A list that is read by pages. */
export interface PagedList<T> extends ReadRequest {
  /** Objects a page, at most. */
  readonly pageSize: number;
  /** What to keep of one page, so that the rest of it can be dropped before the next. */
  readonly pick: (page: Readonly<Record<string, unknown>>) => readonly T[];
}

const GONE = 410;

/**
 * Reads a list page after page, each as persistently as {@link readPersistently}. When the server has forgotten the
 * state that the pages belong to (410, after some minutes), the list is started over: the result is always the list at
 * one point in time, after the call began.
 */
export async function listPages<T>(
  client: Pick<KubeClient, "request">,
  list: PagedList<T>,
  signal: AbortSignal,
): Promise<ReadOutcome<T[]>> {
  let items: T[] = [];
  let next = "";
  for (;;) {
    const outcome = await readPersistently(client, pageRequest(list, next), signal);
    if (outcome.kind === "declined" && outcome.status === GONE && next !== "") {
      items = [];
      next = "";
      continue;
    }
    if (outcome.kind !== "value") return outcome;
    const page = outcome.value as Readonly<Record<string, unknown>>;
    for (const item of list.pick(page)) items.push(item);
    next = continueOf(page);
    if (next === "") return { kind: "value", value: items };
  }
}

function pageRequest({ path, accept, timeoutMs, query, pageSize }: PagedList<unknown>, next: string): ReadRequest {
  const paging = { limit: String(pageSize), ...(next === "" ? {} : { continue: next }) };
  const request = { path, timeoutMs, query: { ...query, ...paging } };
  return accept === undefined ? request : { ...request, accept };
}

function continueOf({ metadata }: Readonly<Record<string, unknown>>): string {
  const token = (metadata as Readonly<Record<string, unknown>> | undefined)?.["continue"];
  return typeof token === "string" ? token : "";
}
