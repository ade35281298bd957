import { IpamError } from "@cluster-ipam/errors";
import {
  describeAnswer,
  listPages,
  type PagedList,
  type ReadOutcome,
  readPersistently,
  type Unanswered,
} from "@cluster-ipam/kube";
import { isObjectMissing, refusal } from "./refusal.ts";
import { objectPath, type Resource } from "./resource.ts";
import type { Api } from "./single-write.ts";

/** How long one attempt may take; a list of many objects takes the server some time. */
const READ = { getTimeoutMs: 4_000, listTimeoutMs: 10_000 } as const;

const MS_PER_S = 1_000;

/** How a list is read. */
export interface ListQuery<T> extends Pick<PagedList<T>, "accept" | "pageSize" | "pick"> {
  readonly query?: Readonly<Record<string, string>>;
}

/** Which object is read, and how. */
export interface ObjectQuery extends Pick<PagedList<unknown>, "accept"> {
  readonly resource: Resource;
  readonly name: string;
  readonly path: string;
}

/**
 * The JSON of one object as the server has it now; undefined when there is none.
 *
 * @throws IpamError `apiserver-unreachable` when `signal` ends it, `apiserver-refused` where the server says no
 */
export function getObject(api: Api, resource: Resource, name: string, signal: AbortSignal): Promise<unknown> {
  return getObjectAt(api, { resource, name, path: objectPath(resource, name) }, signal);
}

/** The same for an object whose path is not that of its collection and name alone. */
export async function getObjectAt(
  api: Api,
  { resource, name, path, accept }: ObjectQuery,
  signal: AbortSignal,
): Promise<unknown> {
  const request = { path, timeoutMs: READ.getTimeoutMs, ...(accept === undefined ? {} : { accept }) };
  const outcome = await readPersistently(api, request, signal);
  if (outcome.kind === "declined" && isObjectMissing(outcome.status, outcome.body)) return undefined;
  if (outcome.kind === "declined") throw refusal({ verb: "get", resource, name }, outcome.status, outcome.body);
  return valueOf(api, outcome);
}

/**
 * All objects of a resource that match, at one point in time after the call.
 *
 * @throws IpamError as {@link getObject}
 */
export async function listObjects<T>(
  api: Api,
  resource: Resource,
  list: ListQuery<T>,
  signal: AbortSignal,
): Promise<T[]> {
  const outcome = await listPages(api, { ...list, path: resource.path, timeoutMs: READ.listTimeoutMs }, signal);
  if (outcome.kind === "declined") throw refusal({ verb: "list", resource }, outcome.status, outcome.body);
  return valueOf(api, outcome);
}

/** The error for a server that could not be asked within the time that the caller had. */
export function unreachable(api: Api, triedMs: number, reason: string, cause?: unknown): IpamError {
  const text = `${api.server} gave no usable answer within ${(triedMs / MS_PER_S).toFixed(1)} s: ${reason}`;
  return new IpamError("apiserver-unreachable", text, { cause });
}

function valueOf<T>(api: Api, outcome: Exclude<ReadOutcome<T>, { readonly kind: "declined" }>): T {
  if (outcome.kind === "value") return outcome.value;
  throw unreachable(api, outcome.triedMs, describeCause(outcome), outcome.cause);
}

function describeCause({ cause }: Unanswered): string {
  return describeAnswer({ kind: "failed", cause, isSent: false });
}
