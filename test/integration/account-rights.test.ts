import { API_PATH, API_VERSION, POOL_RESOURCE } from "@cluster-ipam/api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isAllowed, rightsOf, rulesOf } from "./src/access-reviews.ts";
import { ApiClient } from "./src/api-client.ts";
import { ControlPlane, STRANGER } from "./src/control-plane.ts";
import { requestToken } from "./src/guarded-agents.ts";
import { RELEASE, release } from "./src/helm.ts";
import { kubectl } from "./src/kubectl.ts";
import { Run } from "./src/run.ts";
import { CHART_FOLDER, requireTools } from "./src/tools.ts";

const LEASES = { group: "coordination.k8s.io", name: "leases" };
/** An account that nobody gives anything. */
const NOBODY = { namespace: RELEASE.namespace, name: "nobody" };
const CONTROLLER = { namespace: RELEASE.namespace, name: "cluster-ipam-controller" };

let run: Run;
let controlPlane: ControlPlane;
let agent: ApiClient;
let controller: ApiClient;
let nobody: ApiClient;

beforeAll(async () => {
  await requireTools(["etcd", "kube-apiserver", "kubectl", "helm"]);
  run = await Run.open();
  controlPlane = await ControlPlane.start(run);
  await release(run, controlPlane.kubeconfigPath, ["install", RELEASE.name, CHART_FOLDER, "--take-ownership"]);
  agent = clientWith(await requestToken(controlPlane.api));
  controller = clientWith(await requestToken(controlPlane.api, undefined, CONTROLLER));
  const accounts = `/api/v1/namespaces/${NOBODY.namespace}/serviceaccounts`;
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: NOBODY.name } };
  await controlPlane.api.ensure(accounts, JSON.stringify(account));
  nobody = clientWith(await requestToken(controlPlane.api, undefined, NOBODY));
});
afterAll(async () => {
  agent?.disconnect();
  controller?.disconnect();
  nobody?.disconnect();
  await run?.close();
});

function clientWith(token: string): ApiClient {
  return new ApiClient({ ...controlPlane.api.access, token });
}

/** Written down a second time, so that nobody gives an account more in passing. */
const AGENT_RIGHTS = [
  "create events of events.k8s.io",
  ...["create", "delete", "get", "list"].map((verb) => `${verb} ipblocks of cluster-ipam.io`),
  ...["create", "delete", "get", "list", "update"].map((verb) => `${verb} ipleases of cluster-ipam.io`),
  ...["create", "get", "list"].map((verb) => `${verb} ippools of cluster-ipam.io`),
  "get namespaces",
  "get nodes",
  "get pods",
  "list pods",
].toSorted();
const CONTROLLER_RIGHTS = [
  "create events of events.k8s.io",
  ...["delete", "list", "watch"].map((verb) => `${verb} ipblocks of cluster-ipam.io`),
  ...["delete", "get", "list", "update", "watch"].map((verb) => `${verb} ipleases of cluster-ipam.io`),
  ...["delete", "list", "watch"].map((verb) => `${verb} ippools of cluster-ipam.io`),
  "update ippools/status of cluster-ipam.io",
  ...["get", "list", "watch"].map((verb) => `${verb} nodes`),
  "get pods",
  "list pods",
].toSorted();
const MAKE_LEASES = "create leases of coordination.k8s.io";
const KEEP_LEASE = ["get", "update"].map((verb) => `${verb} leases cluster-ipam-controller of coordination.k8s.io`);

describe("of all that an API server knows, a release's accounts may do what is written here, and nothing else:", () => {
  it.for(["default", RELEASE.namespace])("the agents', in namespace %s", async (namespace) => {
    expect(await rightsOf(agent, controlPlane.api, namespace)).toEqual(AGENT_RIGHTS);
    expect(await rulesOf(agent, nobody, namespace)).toEqual(AGENT_RIGHTS);
  });

  it("the controllers', in namespace default", async () => {
    expect(await rightsOf(controller, controlPlane.api, "default")).toEqual(CONTROLLER_RIGHTS);
    expect(await rulesOf(controller, nobody, "default")).toEqual(CONTROLLER_RIGHTS);
  });

  it("the controllers', in the namespace of their election: to make Leases, and to keep their own", async () => {
    const withoutNames = [...CONTROLLER_RIGHTS, MAKE_LEASES].toSorted();
    expect(await rightsOf(controller, controlPlane.api, RELEASE.namespace)).toEqual(withoutNames);
    expect(await rulesOf(controller, nobody, RELEASE.namespace)).toEqual([...withoutNames, ...KEEP_LEASE].toSorted());
    const own = { namespace: RELEASE.namespace, name: "cluster-ipam-controller" };
    for (const verb of ["get", "update"]) expect(await isAllowed(controller, verb, LEASES, own)).toBe(true);
    for (const verb of ["delete", "patch"]) expect(await isAllowed(controller, verb, LEASES, own)).toBe(false);
    const other = { ...own, name: "kube-scheduler" };
    for (const verb of ["get", "update"]) expect(await isAllowed(controller, verb, LEASES, other)).toBe(false);
  });
});

describe("the status of pools", () => {
  const path = `${API_PATH}/${POOL_RESOURCE}/lab`;
  const pool = { apiVersion: API_VERSION, kind: "IPPool", metadata: { name: "lab" } };
  const body = JSON.stringify({ ...pool, spec: { ranges: [{ subnet: "10.9.0.0/24" }] } });
  const patch = { method: "PATCH", path: `${path}/status`, contentType: "application/merge-patch+json" } as const;

  it("is changed by the controller", async () => {
    await controlPlane.api.ensure(`${API_PATH}/${POOL_RESOURCE}`, body);
    const found = (await controlPlane.api.get(path)) as object;
    const changed = JSON.stringify({ ...found, status: { used: "1" } });
    expect(await controller.send({ method: "PUT", path: `${path}/status`, body: changed })).toMatchObject({
      status: 200,
    });
  });

  it("is changed by nobody who may edit pools, nor by the agents", async () => {
    const binding = ["create", "clusterrolebinding", "editor", "--clusterrole=cluster-ipam-edit", `--user=${STRANGER}`];
    expect(await kubectl(run, controlPlane, binding)).toMatchObject({ exitCode: 0 });
    const asEditor = [`--as=${STRANGER}`];
    const edit = ["annotate", "ippool", "lab", "example.org/a=b", ...asEditor];
    // Reading is another role's: kubectl reads before it writes.
    const view = ["create", "clusterrolebinding", "viewer", "--clusterrole=cluster-ipam-view", `--user=${STRANGER}`];
    expect(await kubectl(run, controlPlane, view)).toMatchObject({ exitCode: 0 });
    expect(await kubectl(run, controlPlane, edit)).toMatchObject({ exitCode: 0 });
    const replace = ["replace", "--raw", `${path}/status`, "-f", "-", ...asEditor];
    const refused = await kubectl(run, controlPlane, replace, JSON.stringify({ ...pool, status: { used: "2" } }));
    expect(refused.stderr).toContain('cannot update resource "ippools/status"');
    expect(await agent.send({ ...patch, body: '{"status":{"used":"2"}}' })).toMatchObject({ status: 403 });
    expect(await controlPlane.api.get(path)).toMatchObject({ status: { used: "1" } });
  });
});
