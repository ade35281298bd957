import type { Labels } from "@cluster-ipam/api";
import type { ClusterFacts, ClusterNamespace, ClusterNode } from "../cluster-facts.ts";

/** Nodes and namespaces that a test makes. */
export class MemoryClusterFacts implements ClusterFacts {
  readonly #nodes = new Map<string, ClusterNode>();
  readonly #namespaces = new Map<string, ClusterNamespace>();
  /** What was asked, such as `node n1`. */
  readonly calls: string[] = [];
  /** From now on every answer is this error. */
  failure: Error | undefined;

  /** Makes a node, or the same one with other labels and networks. */
  putNode(name: string, { labels = {}, podCidrs = [] }: Partial<ClusterNode> = {}): void {
    this.#nodes.set(name, { labels, podCidrs });
  }

  removeNode(name: string): void {
    this.#nodes.delete(name);
  }

  putNamespace(name: string, labels: Labels = {}): void {
    this.#namespaces.set(name, { labels });
  }

  async node(name: string): Promise<ClusterNode | undefined> {
    return this.#answer(`node ${name}`, this.#nodes.get(name));
  }

  async namespace(name: string): Promise<ClusterNamespace | undefined> {
    return this.#answer(`namespace ${name}`, this.#namespaces.get(name));
  }

  #answer<T>(call: string, found: T): T {
    this.calls.push(call);
    if (this.failure !== undefined) throw this.failure;
    return found;
  }
}
