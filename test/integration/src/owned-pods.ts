import { randomUUID } from "node:crypto";
import type { Pod } from "./cni-call.ts";
import type { ControlPlane } from "./control-plane.ts";
import { createPod, type PodMetadata } from "./core-objects.ts";

/** A pod that is bound to a node and controlled by somebody, or nobody; nothing runs it. */
export interface OwnedPod extends Pick<Pod, "namespace" | "name">, Pick<PodMetadata, "annotations"> {
  readonly node: string;
  /** Kind of its controller, such as StatefulSet; absent: it has none. */
  readonly controllerKind?: string;
}

/** Makes a Pod whose controller need not exist. @returns the pod with the uid that the server gave it */
export async function createOwnedPod(controlPlane: ControlPlane, pod: OwnedPod): Promise<Pod> {
  const { node, namespace, name, controllerKind: kind, annotations = {} } = pod;
  const owner = { apiVersion: "apps/v1", kind, name: name.replace(/-[^-]*$/, ""), uid: randomUUID(), controller: true };
  const ownerReferences = kind === undefined ? [] : [owner];
  return await createPod(controlPlane, node, { namespace, name }, { annotations, ownerReferences });
}
