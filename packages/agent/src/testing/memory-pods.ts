import type { NodePods, PodIdentity } from "@cluster-ipam/allocator";

/** Pods that the server has because a test says so. */
export class MemoryPods implements NodePods {
  readonly #pods = new Map<string, PodIdentity>();
  /** What was asked, such as `list n1`. */
  readonly calls: string[] = [];
  /** From now on every answer is this error. */
  failure: Error | undefined;

  /** Makes a pod, of any node that is asked for where it names none. */
  put(pod: Pick<PodIdentity, "namespace" | "name" | "uid"> & Partial<PodIdentity>): void {
    this.#pods.set(`${pod.namespace}/${pod.name}`, { annotations: {}, ...pod });
  }

  remove(namespace: string, name: string): void {
    this.#pods.delete(`${namespace}/${name}`);
  }

  async list(node: string): Promise<readonly PodIdentity[]> {
    this.calls.push(`list ${node}`);
    if (this.failure !== undefined) throw this.failure;
    return [...this.#pods.values()].filter((pod) => (pod.node ?? node) === node);
  }

  async get(...[namespace, name, _signal, options]: Parameters<NodePods["get"]>): Promise<PodIdentity | undefined> {
    this.calls.push(`get ${namespace}/${name}`);
    if (this.failure !== undefined) throw this.failure;
    const found = this.#pods.get(`${namespace}/${name}`);
    if (found === undefined || options?.needsNode === true) return found;
    const { node: _, ...identity } = found;
    return identity;
  }
}
