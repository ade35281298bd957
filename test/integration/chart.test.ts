import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RoleRule } from "./src/chart-rules.ts";
import { mustRun } from "./src/command.ts";
import { ControlPlane } from "./src/control-plane.ts";
import { type Manifest, render } from "./src/helm.ts";
import { kubectl } from "./src/kubectl.ts";
import { dryRun, RENDERINGS } from "./src/renderings.ts";
import { Run } from "./src/run.ts";
import { requireTools, toolPath } from "./src/tools.ts";

/** Of the rendering whose names look like something else. */
const ELECTION_NAMESPACE = "123";
const MONITORING = ["ServiceMonitor", "PrometheusRule"] as const;

let run: Run;

beforeAll(async () => {
  await requireTools(["helm", "kubectl", "etcd", "kube-apiserver", "cluster-ipam-agent", "cluster-ipam-controller"]);
  run = await Run.open();
});
afterAll(async () => {
  await run?.close();
});

/** The only one of its kind, or of its kind and name. */
function only(manifests: readonly Manifest[], kind: string, name?: string): Manifest {
  const ofKind = manifests.filter((each) => each.kind === kind);
  const [found, ...others] = ofKind.filter(({ metadata }) => name === undefined || metadata.name === name);
  expect(others).toEqual([]);
  if (found === undefined) throw new Error(`no ${kind} ${name ?? ""} is rendered`);
  return found;
}

describe("what the chart renders", () => {
  it("takes the right to make pools from the agents where ipam sections bring none", async () => {
    const manifests = await render(run, RENDERINGS["with pools of administrators alone"]);
    const rules = only(manifests, "ClusterRole", "cluster-ipam-agent")["rules"] as readonly RoleRule[];
    const ofPools = rules.filter(({ resources }) => resources.includes("ippools"));
    expect(ofPools).toEqual([{ apiGroups: ["cluster-ipam.io"], resources: ["ippools"], verbs: ["get", "list"] }]);
  });

  it("binds the election's role to the Lease that the values name", async () => {
    const { metadata, ...role } = only(
      await render(run, RENDERINGS["with every option"]),
      "Role",
      "cluster-ipam-controller",
    );
    expect(metadata.namespace).toBe("default");
    expect(role["rules"]).toMatchObject([{ resourceNames: ["ipam"] }, { verbs: ["create"] }]);
  });

  it("holds the very account that the agents run as, whatever it is called", async () => {
    const manifests = await render(run, RENDERINGS["with names of one's own"]);
    const policies = manifests.filter(({ kind }) => kind === "ValidatingAdmissionPolicy");
    const expression = "request.userInfo.username == 'system:serviceaccount:kube-system:nodes'";
    expect(policies.map(({ spec }) => spec)).toMatchObject(
      Array.from({ length: 3 }, () => ({ failurePolicy: "Fail", matchConditions: [{ expression }] })),
    );
    const { spec } = only(manifests, "DaemonSet", "cluster-ipam-addresses-agent");
    expect(spec).toMatchObject({ template: { spec: { serviceAccountName: "nodes" } } });
  });

  it("adds pools and leases to view and edit, and leaves status and blocks to the programs", async () => {
    const manifests = await render(run);
    const view = only(manifests, "ClusterRole", "cluster-ipam-view");
    const edit = only(manifests, "ClusterRole", "cluster-ipam-edit");
    expect(view.metadata.labels).toMatchObject({ "rbac.authorization.k8s.io/aggregate-to-view": "true" });
    expect(edit.metadata.labels).toMatchObject({ "rbac.authorization.k8s.io/aggregate-to-edit": "true" });
    expect(view["rules"]).toMatchObject([{ verbs: ["get", "list", "watch"] }]);
    expect(edit["rules"]).toMatchObject([{ resources: ["ippools", "ipleases"] }]);
  });

  it("adds to the capabilities that the agent is given what the nodes' process IDs need", async () => {
    const manifests = await render(run, RENDERINGS["with the nodes' process IDs"]);
    const { securityContext } = containerOf(only(manifests, "DaemonSet", "cluster-ipam-agent"));
    expect(securityContext).toMatchObject({ capabilities: { add: ["NET_RAW", "SYS_PTRACE"], drop: ["ALL"] } });
  });

  it.for([
    ["cluster-ipam-agent", "DaemonSet"],
    ["cluster-ipam-controller", "Deployment"],
  ] as const)("starts %s with flags that it knows", async ([program, kind]) => {
    const usage = await mustRun([toolPath(program), "--help"]);
    for (const flags of Object.values(RENDERINGS)) {
      const { args } = containerOf(only(await render(run, flags), kind));
      const names = args.map((arg) => arg.split("=", 1)[0] ?? "");
      expect(names.filter((flag) => !usage.includes(`${flag} `))).toEqual([]);
      expect(new Set(names).size).toBe(names.length);
    }
  });
});

interface Container {
  readonly args: readonly string[];
  readonly securityContext?: object;
}

function containerOf({ spec }: Manifest): Container {
  const { template } = spec as { readonly template: { readonly spec: { readonly containers: readonly [Container] } } };
  return template.spec.containers[0];
}

describe("a real API server", () => {
  let controlPlane: ControlPlane;

  beforeAll(async () => {
    controlPlane = await ControlPlane.start(run);
    for (const kind of MONITORING) await defineMonitoring(kind);
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: ELECTION_NAMESPACE } };
    await controlPlane.api.ensure("/api/v1/namespaces", JSON.stringify(namespace));
  });

  /** The Prometheus operator's kinds, with any content: what is in them is for that one to judge. */
  async function defineMonitoring(kind: (typeof MONITORING)[number]): Promise<void> {
    const group = "monitoring.coreos.com";
    const plural = `${kind.toLowerCase()}s`;
    const openAPIV3Schema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
    const version = { name: "v1", served: true, storage: true, schema: { openAPIV3Schema } };
    const definition = {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: `${plural}.${group}` },
      spec: { group, scope: "Namespaced", names: { kind, plural }, versions: [version] },
    };
    const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    await controlPlane.api.ensure(path, JSON.stringify(definition));
    const name = `crd/${definition.metadata.name}`;
    await kubectl(run, controlPlane, ["wait", "--for=condition=Established", "--timeout=20s", name]);
  }

  it.for(Object.entries(RENDERINGS))("would take every object, %s", async ([, flags]) => {
    const { count, taken, stderr } = await dryRun(run, controlPlane, flags);
    expect(stderr).toBe("");
    expect(taken).toHaveLength(count);
  });
});
