import { attachedLease, blockOf } from "@cluster-ipam/allocator/testing";
import { API_PATH, API_VERSION, BLOCK_RESOURCE, LEASE_RESOURCE, POOL_RESOURCE } from "@cluster-ipam/api";
import { type ApiAnswer, ApiClient } from "./api-client.ts";
import { mustRun } from "./command.ts";
import { RELEASE, tryRender } from "./helm.ts";
import type { Run } from "./run.ts";
import { toolPath } from "./tools.ts";
import { waitFor } from "./waiting.ts";

/** The account that the chart's agents run as. */
export const AGENT_ACCOUNT: { readonly namespace: string; readonly name: string } = {
  namespace: RELEASE.namespace,
  name: "cluster-ipam-agent",
};

/** What of the chart an API server needs to tell what an agent may do. */
const TEMPLATES = ["agent/service-account", "agent/rbac", "admission/leases", "admission/blocks", "admission/pools"];
/** An API server sees to a new policy within a second or two, and takes longer when it has much else to do. */
const ACTIVE_TIMEOUT_MS = 60_000;
const FORBIDDEN = 403;

/** Makes the agents' account, its rights and the policies that hold it, as the chart has them. */
export async function installGuard(run: Run, kubeconfigPath: string): Promise<void> {
  const { exitCode, stdout, stderr } = await tryRender(
    run,
    TEMPLATES.map((template) => `--show-only=templates/${template}.yaml`),
  );
  if (exitCode !== 0) throw new Error(`helm template: ${stderr}`);
  const env = { HOME: run.folder, KUBECONFIG: kubeconfigPath };
  await mustRun([toolPath("kubectl"), "apply", "-f", "-"], { env, input: stdout, signal: run.signal });
}

/** A token of the agents' account as a kubelet gets it for the agent's pod, which it makes: it names the pod's node. */
export async function requestAgentToken(api: ApiClient, node: string): Promise<string> {
  const pods = `/api/v1/namespaces/${AGENT_ACCOUNT.namespace}/pods`;
  const metadata = { name: `cluster-ipam-agent-${node}` };
  const containers = [{ name: "agent", image: "none.invalid/none" }];
  const spec = { nodeName: node, serviceAccountName: AGENT_ACCOUNT.name, containers };
  await api.ensure(pods, JSON.stringify({ apiVersion: "v1", kind: "Pod", metadata, spec }));
  const pod = (await api.get(`${pods}/${metadata.name}`)) as { readonly metadata: { readonly uid: string } };
  return await requestToken(api, { apiVersion: "v1", kind: "Pod", name: metadata.name, uid: pod.metadata.uid });
}

/** A token of an account, the agents' without one, that is bound to an object, or to none: one that names no node. */
export async function requestToken(
  api: ApiClient,
  boundObjectRef?: object,
  { namespace, name }: typeof AGENT_ACCOUNT = AGENT_ACCOUNT,
): Promise<string> {
  const spec = boundObjectRef === undefined ? {} : { boundObjectRef };
  const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec };
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
  const answer = (await api.ensure(path, JSON.stringify(request))) as { readonly status: { readonly token: string } };
  return answer.status.token;
}

/** Waits until every policy refuses what it is there to refuse, and the account may do what it needs. */
export async function waitUntilGuarded(api: ApiClient): Promise<void> {
  const client = new ApiClient({ ...api.access, token: await requestAgentToken(api, "guard") });
  const dryRun = (resource: string, object: object): Promise<ApiAnswer> =>
    client.send({ method: "POST", path: `${API_PATH}/${resource}?dryRun=All`, body: JSON.stringify(object) });
  const pool = { apiVersion: API_VERSION, kind: "IPPool", metadata: { name: "none" } };
  const refusals = [
    (): Promise<ApiAnswer> => dryRun(LEASE_RESOURCE, attachedLease("192.0.2.1", { node: "other" })),
    (): Promise<ApiAnswer> => dryRun(BLOCK_RESOURCE, blockOf("192.0.2.0/28", { node: "other" })),
    (): Promise<ApiAnswer> => dryRun(POOL_RESOURCE, { ...pool, spec: { ranges: [{ subnet: "192.0.2.0/24" }] } }),
  ];
  const isActive = async (ask: () => Promise<ApiAnswer>): Promise<boolean> => {
    const { status, text } = await ask();
    return status === FORBIDDEN && text.includes("ValidatingAdmissionPolicy");
  };
  const areActive = async (): Promise<true | undefined> =>
    (await Promise.all(refusals.map(isActive))).every(Boolean) ? true : undefined;
  const what = "the admission policies to be active";
  await waitFor(areActive, { what, timeoutMs: ACTIVE_TIMEOUT_MS, intervalMs: 100 });
  client.disconnect();
}
