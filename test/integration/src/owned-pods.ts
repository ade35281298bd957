import { randomUUID } from "node:crypto";
import type { Pod } from "./cni-call.ts";
import type { ControlPlane } from "./control-plane.ts";

/** A pod that is bound to a node and controlled by somebody; nothing runs it. */
export interface OwnedPod extends Pick<Pod, "namespace" | "name"> {
  readonly node: string;
  /** Kind of its controller, such as StatefulSet. */
  readonly controllerKind: string;
}

/** Makes a Pod with a controller that need not exist. @returns the pod with the uid that the server gave it */
export async function createOwnedPod({ api }: ControlPlane, pod: OwnedPod): Promise<Pod> {
  const { node, namespace, name, controllerKind: kind } = pod;
  const owner = { apiVersion: "apps/v1", kind, name: name.replace(/-[^-]*$/, ""), uid: randomUUID(), controller: true };
  const spec = { nodeName: node, containers: [{ name: "main", image: "none.invalid/none" }] };
  const metadata = { namespace, name, ownerReferences: [owner] };
  const object = { apiVersion: "v1", kind: "Pod", metadata, spec };
  const created = await api.ensure(`/api/v1/namespaces/${namespace}/pods`, JSON.stringify(object));
  return { namespace, name, uid: (created as { readonly metadata: { readonly uid: string } }).metadata.uid };
}
