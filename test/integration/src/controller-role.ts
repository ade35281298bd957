import { join } from "node:path";
import { readChartRules } from "./chart-rules.ts";
import type { ControlPlane } from "./control-plane.ts";
import { writeKubeconfig } from "./kubeconfig.ts";
import type { Run } from "./run.ts";

/** Where the replicas' Lease is. */
export const ELECTION_LEASE = { namespace: "kube-system", name: "cluster-ipam-controller" } as const;

const RBAC = "/apis/rbac.authorization.k8s.io/v1";
const NAME = "cluster-ipam-controller";
const { namespace } = ELECTION_LEASE;

/**
 * Makes the service account that the controllers run as, with what the chart lets them do and nothing else.
 *
 * @returns the path of a kubeconfig with a token of it
 */
export async function createControllerAccount(run: Run, { api }: ControlPlane): Promise<string> {
  const metadata = { name: NAME, namespace };
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: NAME };
  const subjects = [{ kind: "ServiceAccount", name: NAME, namespace }];
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  await api.ensure(accounts, manifest("v1", "ServiceAccount", { metadata }));
  const roles = `${RBAC}/namespaces/${namespace}`;
  const version = "rbac.authorization.k8s.io/v1";
  const electionRules = await readChartRules("controller-election");
  await api.ensure(`${roles}/roles`, manifest(version, "Role", { metadata, rules: electionRules }));
  await api.ensure(`${roles}/rolebindings`, manifest(version, "RoleBinding", { metadata, roleRef, subjects }));
  const clusterRole = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: NAME };
  await api.ensure(
    `${RBAC}/clusterroles`,
    manifest(version, "ClusterRole", { metadata: { name: NAME }, rules: await readChartRules("controller") }),
  );
  const clusterBinding = { metadata: { name: NAME }, roleRef: clusterRole, subjects };
  await api.ensure(`${RBAC}/clusterrolebindings`, manifest(version, "ClusterRoleBinding", clusterBinding));
  const request = manifest("authentication.k8s.io/v1", "TokenRequest", { spec: {} });
  const answer = (await api.ensure(`${accounts}/${NAME}/token`, request)) as {
    readonly status: { readonly token: string };
  };
  const path = join(run.folder, "kubeconfig-controller");
  await writeKubeconfig(path, { ...api.access, token: answer.status.token });
  return path;
}

function manifest(apiVersion: string, kind: string, rest: object): string {
  return JSON.stringify({ apiVersion, kind, ...rest });
}
