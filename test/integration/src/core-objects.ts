import type { Pod } from "./cni-call.ts";
import type { ControlPlane } from "./control-plane.ts";

/** What these tests read of an event. */
export interface StoredEvent {
  readonly type: string;
  readonly reason: string;
  readonly note: string;
  readonly regarding: { readonly kind: string; readonly name: string; readonly namespace?: string };
  readonly reportingInstance: string;
}

/** What a pod's metadata may say beside its name. */
export interface PodMetadata {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly unknown[];
}

/**
 * Makes a Pod that is bound to a node; nothing runs it.
 *
 * @returns the pod with the uid that the server gave it.
 */
export async function createPod(
  { api }: ControlPlane,
  node: string,
  { namespace, name }: Pick<Pod, "namespace" | "name">,
  more: PodMetadata = {},
): Promise<Pod> {
  const spec = { nodeName: node, containers: [{ name: "main", image: "none.invalid/none" }] };
  const pod = { apiVersion: "v1", kind: "Pod", metadata: { ...more, namespace, name }, spec };
  const created = await api.ensure(`/api/v1/namespaces/${namespace}/pods`, JSON.stringify(pod));
  return { namespace, name, uid: (created as { readonly metadata: { readonly uid: string } }).metadata.uid };
}

/** Removes a Pod at once, as by force. */
export async function deletePod(
  { api }: ControlPlane,
  { namespace, name }: Pick<Pod, "namespace" | "name">,
): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/pods/${name}?gracePeriodSeconds=0`;
  await api.send({ method: "DELETE", path });
}

/** Every event of our agents, or of our controllers, of all namespaces, in order of their time. */
export async function listEvents(
  { api }: ControlPlane,
  reporter: "agent" | "controller" = "agent",
): Promise<readonly StoredEvent[]> {
  const { items } = (await api.get("/apis/events.k8s.io/v1/events")) as {
    readonly items: readonly (StoredEvent & { readonly eventTime: string; readonly reportingController: string })[];
  };
  return items
    .filter(({ reportingController }) => reportingController === `cluster-ipam.io/${reporter}`)
    .toSorted((a, b) => a.eventTime.localeCompare(b.eventTime));
}
