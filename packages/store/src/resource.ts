import { API_GROUP, API_PATH, BLOCK_RESOURCE, LEASE_RESOURCE, POOL_RESOURCE } from "@cluster-ipam/api";

/** A kind of object, as the API server serves it. */
export interface Resource {
  /** As RBAC rules and kubectl name it. */
  readonly fullName: string;
  /** For messages about one object. */
  readonly singular: string;
  /** Path of the collection. */
  readonly path: string;
}

/** IPLease. */
export const LEASES: Resource = resource(LEASE_RESOURCE, "iplease");

/** IPPool. */
export const POOLS: Resource = resource(POOL_RESOURCE, "ippool");

/** IPBlock. */
export const BLOCKS: Resource = resource(BLOCK_RESOURCE, "ipblock");

/** Pod, of every namespace. */
export const PODS: Resource = { fullName: "pods", singular: "pod", path: "/api/v1/pods" };

/** Node. */
export const NODES: Resource = { fullName: "nodes", singular: "node", path: "/api/v1/nodes" };

/** Namespace. */
export const NAMESPACES: Resource = { fullName: "namespaces", singular: "namespace", path: "/api/v1/namespaces" };

/** Path of a pod. */
export function podPath(namespace: string, name: string): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`;
}

/** Path of one object; `name` may come from a user. */
export function objectPath({ path }: Resource, name: string): string {
  return `${path}/${encodeURIComponent(name)}`;
}

/** The query of a list of those objects whose field has this value, which may come from a user. */
export function matching(field: string, value: string): { readonly fieldSelector: string } {
  return { fieldSelector: `${field}=${value.replaceAll(/[\\,=]/g, String.raw`\$&`)}` };
}

function resource(plural: string, singular: string): Resource {
  return { fullName: `${plural}.${API_GROUP}`, singular, path: `${API_PATH}/${plural}` };
}
