import { IpamError } from "@cluster-ipam/errors";
import { type KubeStatus, parseStatus } from "@cluster-ipam/kube";
import type { Resource } from "./resource.ts";

/** Something done, or to be done, to a resource. */
export interface Operation {
  /** As RBAC rules have it. */
  readonly verb: "create" | "update" | "delete" | "get" | "list";
  readonly resource: Resource;
  /** Name of the object; absent for a list. */
  readonly name?: string;
}

const BAD_REQUEST = 400;
const UNAUTHORIZED = 401;
const FORBIDDEN = 403;
const NOT_FOUND = 404;
const UNPROCESSABLE = 422;
/** 4xx that say nothing of the request itself: request timeout, conflict, too early, too many requests. */
const PASSING: readonly number[] = [408, 409, 425, 429];

/** Whether an answer with this status is the server's last word: it has not acted, and would not at a second try. */
export function isFinal(status: number): boolean {
  return status >= BAD_REQUEST && status < 500 && !PASSING.includes(status);
}

/**
 * Whether a 404 says that there is no such object, and not that the server does not know the resource at all, in which
 * case it answers with a line of plain text.
 */
export function isObjectMissing(status: number, body: string): boolean {
  return status === NOT_FOUND && parseStatus(body).reason === "NotFound";
}

/** The error for a final answer; its message holds the operation and the server's own sentence. */
export function refusal(operation: Operation, status: number, body: string): IpamError {
  const answer = parseStatus(body);
  if (status === BAD_REQUEST || status === UNPROCESSABLE) {
    return new IpamError("object-refused", invalidText(operation, status, answer));
  }
  return new IpamError("apiserver-refused", refusedText(operation, status, answer));
}

function invalidText(operation: Operation, status: number, { fields, message }: KubeStatus): string {
  const where = fields.length === 0 ? "" : ` because of ${[...new Set(fields)].join(", ")}`;
  return `the API server refused to ${describe(operation)}${where} (${status}): ${message}`;
}

function refusedText(operation: Operation, status: number, { message }: KubeStatus): string {
  const { verb, resource } = operation;
  const refused = `the API server refused to ${describe(operation)} (${status}): ${message}`;
  if (status === UNAUTHORIZED) return `${refused}: the agent's credentials are not valid`;
  if (status === FORBIDDEN) return `${refused}: the agent needs the permission to ${verb} ${resource.fullName}`;
  if (status === NOT_FOUND) return `${refused}: the custom resource definitions of cluster-ipam are not installed`;
  return refused;
}

function describe({ verb, resource, name }: Operation): string {
  return name === undefined ? `${verb} ${resource.fullName}` : `${verb} ${resource.singular} ${name}`;
}
