import type { NodePods, PodIdentity, PodQuery } from "@cluster-ipam/allocator";
import { getObjectAt, listObjects } from "./api-read.ts";
import { PODS, podPath } from "./resource.ts";
import type { Api } from "./single-write.ts";

/** A kubelet runs about a hundred pods; a page holds those of the largest nodes. */
const PAGE_SIZE = 500;
/**
 * No more than what tells pods apart: a pod's specification and status are many times its metadata
 * (kubernetes.io/docs/reference/using-api/api-concepts).
 */
export const METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
const METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

interface PodObject {
  readonly metadata?: {
    readonly namespace?: string;
    readonly name?: string;
    readonly uid?: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly { readonly kind: string; readonly controller?: boolean }[];
  };
  /** Absent where the metadata alone was asked for. */
  readonly spec?: { readonly nodeName?: string };
}

/** The pods of the API server, by their metadata alone where that is enough. */
export class ApiNodePods implements NodePods {
  readonly #api: Api;
  readonly #pageSize: number;

  constructor(api: Api, { pageSize = PAGE_SIZE }: { readonly pageSize?: number } = {}) {
    this.#api = api;
    this.#pageSize = pageSize;
  }

  list(node: string, signal: AbortSignal): Promise<PodIdentity[]> {
    // The server has an index for this selector.
    const query = { fieldSelector: `spec.nodeName=${node}` };
    return listObjects(
      this.#api,
      PODS,
      { accept: METADATA_LIST, pageSize: this.#pageSize, query, pick: podsOf },
      signal,
    );
  }

  async get(
    namespace: string,
    name: string,
    signal: AbortSignal,
    { needsNode = false }: PodQuery = {},
  ): Promise<PodIdentity | undefined> {
    const query = { resource: PODS, name, path: podPath(namespace, name) };
    const object = await getObjectAt(this.#api, needsNode ? query : { ...query, accept: METADATA }, signal);
    return object === undefined ? undefined : identityOf(object);
  }
}

function podsOf({ items }: Readonly<Record<string, unknown>>): PodIdentity[] {
  if (!Array.isArray(items)) throw new TypeError("the API server's answer is not a list: it has no items");
  return items.map(identityOf);
}

/**
 * What tells a pod of the API server's from others.
 *
 * @throws TypeError for what is none
 */
export function identityOf(object: unknown): PodIdentity {
  const { metadata, spec } = object as PodObject;
  const { namespace, name, uid, annotations = {}, ownerReferences = [] } = metadata ?? {};
  if (namespace === undefined || name === undefined || uid === undefined) {
    throw new TypeError("the API server's answer has a pod without namespace, name or uid");
  }
  const controller = ownerReferences.find((owner) => owner.controller === true);
  return {
    namespace,
    name,
    uid,
    annotations,
    ...(controller === undefined ? {} : { controllerKind: controller.kind }),
    ...(spec?.nodeName === undefined ? {} : { node: spec.nodeName }),
  };
}
