import type { ApiClient } from "./api-client.ts";
import { readChartRules } from "./chart-rules.ts";

/** The group that the agents' tokens carry. */
export const AGENT_GROUP = "cluster-ipam:agents";

const RBAC = "/apis/rbac.authorization.k8s.io/v1";
// Not that of the chart, which a test may install beside it.
const ROLE_NAME = "cluster-ipam-tests-agents";

/** Lets the agents do what the chart lets them, and nothing else: an agent that asks for more fails its tests. */
export async function grantAgentRole(api: ApiClient): Promise<void> {
  const metadata = { name: ROLE_NAME };
  const rules = [...(await readChartRules("agent")), ...(await readChartRules("agent-inline-pools"))];
  const apiVersion = "rbac.authorization.k8s.io/v1";
  await api.ensure(`${RBAC}/clusterroles`, JSON.stringify({ apiVersion, kind: "ClusterRole", metadata, rules }));
  const binding = {
    apiVersion,
    kind: "ClusterRoleBinding",
    metadata,
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: ROLE_NAME },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: AGENT_GROUP }],
  };
  await api.ensure(`${RBAC}/clusterrolebindings`, JSON.stringify(binding));
}
