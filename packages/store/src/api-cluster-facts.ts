import type { ClusterFacts, ClusterNamespace, ClusterNode } from "@cluster-ipam/allocator";
import { asNamespaceObject, asNodeObject } from "@cluster-ipam/api";
import { getObject } from "./api-read.ts";
import { NAMESPACES, NODES } from "./resource.ts";
import type { Api } from "./single-write.ts";

/** Nodes and namespaces of the API server. */
export class ApiClusterFacts implements ClusterFacts {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  async node(name: string, signal: AbortSignal): Promise<ClusterNode | undefined> {
    const object = await getObject(this.#api, NODES, name, signal);
    if (object === undefined) return undefined;
    const { metadata, spec } = asNodeObject(object);
    return { labels: metadata.labels ?? {}, podCidrs: spec?.podCIDRs ?? [] };
  }

  async namespace(name: string, signal: AbortSignal): Promise<ClusterNamespace | undefined> {
    const object = await getObject(this.#api, NAMESPACES, name, signal);
    if (object === undefined) return undefined;
    return { labels: asNamespaceObject(object).metadata.labels ?? {} };
  }
}
