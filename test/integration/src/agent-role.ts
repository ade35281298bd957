import type { ApiClient } from "./api-client.ts";

/** The group that the agents' tokens carry. */
export const AGENT_GROUP = "cluster-ipam:agents";

const RBAC = "/apis/rbac.authorization.k8s.io/v1";
const ROLE_NAME = "cluster-ipam-agent";

const RULES = [
  { apiGroups: ["cluster-ipam.io"], resources: ["ipleases"], verbs: ["get", "list", "create", "update", "delete"] },
  { apiGroups: ["cluster-ipam.io"], resources: ["ippools"], verbs: ["get", "list", "create"] },
  { apiGroups: ["cluster-ipam.io"], resources: ["ipblocks"], verbs: ["get", "list", "create", "delete"] },
  // Pods for leases whose sandbox the agent cannot see.
  { apiGroups: [""], resources: ["pods"], verbs: ["get", "list"] },
  // What selectors and the nodes' own networks go by; nodes for the message of a taken address, too.
  { apiGroups: [""], resources: ["nodes", "namespaces"], verbs: ["get"] },
  { apiGroups: ["events.k8s.io"], resources: ["events"], verbs: ["create"] },
] as const;

/** Lets the agents do what they need, and nothing else: an agent that asks for more fails its tests. */
export async function grantAgentRole(api: ApiClient): Promise<void> {
  const metadata = { name: ROLE_NAME };
  const apiVersion = "rbac.authorization.k8s.io/v1";
  await api.ensure(`${RBAC}/clusterroles`, JSON.stringify({ apiVersion, kind: "ClusterRole", metadata, rules: RULES }));
  const binding = {
    apiVersion,
    kind: "ClusterRoleBinding",
    metadata,
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: ROLE_NAME },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: AGENT_GROUP }],
  };
  await api.ensure(`${RBAC}/clusterrolebindings`, JSON.stringify(binding));
}
