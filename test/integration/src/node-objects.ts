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
