import type { PodIdentity } from "@cluster-ipam/allocator";
import { namespaceOf, type PodPlan } from "./plan.ts";

/** The Pod objects on the API server: one for each name, from the first ADD on until somebody deletes it. */
export class SimulatedPods {
  readonly #pods = new Map<string, PodPlan>();
  readonly #deleted = new Set<string>();

  /** The pod exists, unless it has been deleted before. */
  make(pod: PodPlan): void {
    if (!this.#deleted.has(pod.uid)) this.#pods.set(pod.name, pod);
  }

  /** The object is deleted, whatever runs on the node. */
  remove({ name, uid }: PodPlan): void {
    this.#deleted.add(uid);
    if (this.#pods.get(name)?.uid === uid) this.#pods.delete(name);
  }

  /** The pods of a node. */
  of(node: string): PodIdentity[] {
    return [...this.#pods.values()].filter((pod) => pod.node === node).map(identityOf);
  }

  /** The pod of that name. */
  get(name: string): PodIdentity | undefined {
    const pod = this.#pods.get(name);
    return pod === undefined ? undefined : identityOf(pod);
  }
}

function identityOf(pod: PodPlan): PodIdentity {
  const { name, uid, isStateful } = pod;
  const controlled = isStateful === true ? { controllerKind: "StatefulSet" } : {};
  return { namespace: namespaceOf(pod), name, uid, annotations: {}, node: pod.node, ...controlled };
}
