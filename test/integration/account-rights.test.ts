import { API_PATH, API_VERSION, POOL_RESOURCE } from "@cluster-ipam/api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isAllowed, rightsIn, rightsOf } from "./src/access-reviews.ts";
import { ApiClient } from "./src/api-client.ts";
import { type RuleFile, readChartRules } from "./src/chart-rules.ts";
import { ControlPlane, STRANGER } from "./src/control-plane.ts";
import { requestToken } from "./src/guarded-agents.ts";
import { RELEASE, release } from "./src/helm.ts";
import { kubectl } from "./src/kubectl.ts";
import { Run } from "./src/run.ts";
import { CHART_FOLDER, requireTools } from "./src/tools.ts";

const LEASES = { group: "coordination.k8s.io", name: "leases" };
const CONTROLLER = { namespace: RELEASE.namespace, name: "cluster-ipam-controller" };

let run: Run;
let controlPlane: ControlPlane;
let agent: ApiClient;
let controller: ApiClient;

beforeAll(async () => {
  await requireTools(["etcd", "kube-apiserver", "kubectl", "helm"]);
  run = await Run.open();
  controlPlane = await ControlPlane.start(run);
  await release(run, controlPlane.kubeconfigPath, ["install", RELEASE.name, CHART_FOLDER, "--take-ownership"]);
  agent = clientWith(await requestToken(controlPlane.api));
  controller = clientWith(await requestToken(controlPlane.api, undefined, CONTROLLER));
});
afterAll(async () => {
  agent?.disconnect();
  controller?.disconnect();
  await run?.close();
});

function clientWith(token: string): ApiClient {
  return new ApiClient({ ...controlPlane.api.access, token });
}

async function rules(...names: readonly RuleFile[]): ReturnType<typeof readChartRules> {
  return (await Promise.all(names.map((name) => readChartRules(name)))).flat();
}

describe("of all that an API server knows, a release's accounts may do what the chart's rules say, and nothing else:", () => {
  it.for(["default", RELEASE.namespace])("the agents', in namespace %s", async (namespace) => {
    const expected = rightsIn(await rules("agent", "agent-inline-pools"));
    expect(await rightsOf(agent, controlPlane.api, namespace)).toEqual(expected);
  });

  it("the controllers', in namespace default", async () => {
    const expected = rightsIn(await rules("controller"));
    expect(await rightsOf(controller, controlPlane.api, "default")).toEqual(expected);
  });

  it("the controllers', in the namespace of their election: to make Leases, and to keep their own", async () => {
    const expected = [...rightsIn(await rules("controller")), "create leases of coordination.k8s.io"].toSorted();
    expect(await rightsOf(controller, controlPlane.api, RELEASE.namespace)).toEqual(expected);
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
