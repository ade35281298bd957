import type { ControlPlane } from "./control-plane.ts";

/** Sets labels of a Node; null takes one away. @throws Error that holds the server's refusal. */
export async function labelNode(
  controlPlane: ControlPlane,
  name: string,
  labels: Readonly<Record<string, string | null>>,
): Promise<void> {
  await patch(controlPlane, `/api/v1/nodes/${name}`, { metadata: { labels } });
}

/** Gives a Node the networks of its pods, as kube-controller-manager does; they cannot be changed any more then. */
export async function setPodCidrs(
  controlPlane: ControlPlane,
  name: string,
  podCIDRs: readonly string[],
): Promise<void> {
  await patch(controlPlane, `/api/v1/nodes/${name}`, { spec: { podCIDR: podCIDRs[0], podCIDRs } });
}

/** Deletes a Node object and makes it again, which is how a node comes to other networks. */
export async function replaceNode({ api }: ControlPlane, name: string, podCIDRs: readonly string[]): Promise<void> {
  await api.send({ method: "DELETE", path: `/api/v1/nodes/${name}` });
  const spec = podCIDRs.length === 0 ? {} : { podCIDR: podCIDRs[0], podCIDRs };
  await api.ensure("/api/v1/nodes", JSON.stringify({ apiVersion: "v1", kind: "Node", metadata: { name }, spec }));
}

/** Makes a Node without a kubelet, that says of itself what a test says. */
export async function createNode(
  controlPlane: ControlPlane,
  name: string,
  { isReady, isOutOfService = false }: { readonly isReady: boolean; readonly isOutOfService?: boolean },
): Promise<void> {
  const node = { apiVersion: "v1", kind: "Node", metadata: { name } };
  await controlPlane.api.ensure("/api/v1/nodes", JSON.stringify(node));
  const conditions = [{ type: "Ready", status: isReady ? "True" : "Unknown" }];
  await patch(controlPlane, `/api/v1/nodes/${name}/status`, { status: { conditions } });
  if (isOutOfService) await taintOutOfService(controlPlane, name);
}

/** Says of a Node that its machine is off for certain, as an operator does. */
export async function taintOutOfService(controlPlane: ControlPlane, name: string): Promise<void> {
  const taint = { key: "node.kubernetes.io/out-of-service", value: "nodeshutdown", effect: "NoExecute" };
  await patch(controlPlane, `/api/v1/nodes/${name}`, { spec: { taints: [taint] } });
}

/** Removes a Node object, as who takes a machine out of the cluster. */
export async function deleteNode({ api }: ControlPlane, name: string): Promise<void> {
  await api.send({ method: "DELETE", path: `/api/v1/nodes/${name}` });
}

/** Makes a Namespace. */
export async function createNamespace(
  { api }: ControlPlane,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<void> {
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } };
  await api.ensure("/api/v1/namespaces", JSON.stringify(namespace));
}

/** Sets labels of a Namespace; null takes one away. */
export async function labelNamespace(
  controlPlane: ControlPlane,
  name: string,
  labels: Readonly<Record<string, string | null>>,
): Promise<void> {
  await patch(controlPlane, `/api/v1/namespaces/${name}`, { metadata: { labels } });
}

async function patch({ api }: ControlPlane, path: string, change: object): Promise<void> {
  const body = JSON.stringify(change);
  const { status, text } = await api.send({ method: "PATCH", path, body, contentType: "application/merge-patch+json" });
  if (status !== 200) throw new Error(`PATCH ${path}: ${status} ${text}`);
}
