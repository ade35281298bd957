import type { DeleteOutcome, LeaseVersion } from "@cluster-ipam/allocator";
import { isObjectMissing } from "./refusal.ts";
import { objectPath, type Resource } from "./resource.ts";
import { type Api, unclear, writeOnce } from "./single-write.ts";

const OK = 200;
const ACCEPTED = 202;
const CONFLICT = 409;

/**
 * Deletes exactly one version of an object, with one attempt. One that somebody else holds back with a finalizer counts
 * as deleted once the server has accepted that.
 *
 * @throws IpamError `apiserver-refused` where the server says no for good
 */
export async function deleteObject(
  api: Api,
  resource: Resource,
  { name, uid, resourceVersion }: LeaseVersion,
  timeoutMs?: number,
): Promise<DeleteOutcome> {
  const options = { apiVersion: "v1", kind: "DeleteOptions", preconditions: { uid, resourceVersion } };
  const request = { method: "DELETE", path: objectPath(resource, name), body: JSON.stringify(options) } as const;
  const answer = await writeOnce(api, request, timeoutMs);
  if (answer.kind === "answered") {
    if (answer.status === OK || answer.status === ACCEPTED) return { kind: "deleted" };
    if (answer.status === CONFLICT) return { kind: "changed" };
    if (isObjectMissing(answer.status, answer.body)) return { kind: "gone" };
  }
  return unclear(api, { verb: "delete", resource, name }, answer);
}
