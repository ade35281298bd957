import type { Clock, ClusterFacts, ClusterNamespace, ClusterNode } from "@cluster-ipam/allocator";
import { type Refreshable, RefreshedRead, RefreshedReads } from "./refreshed-read.ts";

/**
 * What the cluster says of this node and of the namespaces of its pods: read when a pool needs it, refreshed while in
 * use, never trusted for long.
 */
export class FactsCache implements Refreshable {
  /** Name of this node. */
  readonly nodeName: string;
  readonly #node: RefreshedRead<ClusterNode | undefined>;
  readonly #namespaces: RefreshedReads<ClusterNamespace | undefined>;

  constructor(nodeName: string, facts: ClusterFacts, clock: Pick<Clock, "nowMs">) {
    this.nodeName = nodeName;
    this.#node = new RefreshedRead((signal) => facts.node(nodeName, signal), clock);
    this.#namespaces = new RefreshedReads((name, signal) => facts.namespace(name, signal), clock);
  }

  /** This node; undefined where it has no Node object. */
  node(signal: AbortSignal): Promise<ClusterNode | undefined> {
    return this.#node.use(signal);
  }

  /** The namespace of that name; undefined where there is none. */
  namespace(name: string, signal: AbortSignal): Promise<ClusterNamespace | undefined> {
    return this.#namespaces.of(name).use(signal);
  }

  inUse(): readonly RefreshedRead<unknown>[] {
    return [...(this.#node.isInUse ? [this.#node] : []), ...this.#namespaces.inUse()];
  }
}
