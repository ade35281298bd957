import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readChartRules } from "./src/chart-rules.ts";
import { mustRun } from "./src/command.ts";
import { ControlPlane } from "./src/control-plane.ts";
import { helm, type Manifest, render, tryRender } from "./src/helm.ts";
import { kubectl } from "./src/kubectl.ts";
import { Run } from "./src/run.ts";
import { CHART_FOLDER, requireTools, toolPath } from "./src/tools.ts";

const VALUES = join(import.meta.dirname, "chart");
const EVERYTHING = [
  `--values=${VALUES}/everything.yaml`,
  "--api-versions=cluster-ipam.io/v1alpha1/IPPool",
  // Where the chart has them.
  ...(hasFile("alerts.yaml") ? ["--set=monitoring.prometheusRule.enabled=true"] : []),
  ...(hasFile("dashboard.json") ? ["--set=monitoring.dashboard.enabled=true"] : []),
];
const RENDERINGS = [
  ["as it is", []],
  ["with every option", EVERYTHING],
  ["with as little as possible", [`--values=${VALUES}/minimal.yaml`]],
] as const;
const MONITORING = ["ServiceMonitor", "PrometheusRule"] as const;

let run: Run;

beforeAll(async () => {
  await requireTools(["helm", "kubectl", "etcd", "kube-apiserver", "cluster-ipam-agent", "cluster-ipam-controller"]);
  run = await Run.open();
});
afterAll(async () => {
  await run?.close();
});

function hasFile(name: string): boolean {
  return existsSync(join(CHART_FOLDER, "files", name));
}

function only(manifests: readonly Manifest[], kind: string, name: string): Manifest {
  const [found, ...others] = manifests.filter((each) => each.kind === kind && each.metadata.name === name);
  expect(others).toEqual([]);
  if (found === undefined) throw new Error(`no ${kind} ${name} is rendered`);
  return found;
}

describe("the chart's text", () => {
  it("is that of the programs' version", () => {
    const { version } = JSON.parse(readFileSync(join(CHART_FOLDER, "../../package.json"), "utf8")) as {
      readonly version: string;
    };
    const chart = readFileSync(join(CHART_FOLDER, "Chart.yaml"), "utf8");
    expect(chart).toContain(`\nappVersion: ${version}\n`);
    expect(chart).toContain(`\nversion: ${version}\n`);
  });

  it("has nothing that helm lint would warn of", async () => {
    const { exitCode, stdout } = await helm(run, ["lint", "--strict", CHART_FOLDER]);
    expect(stdout).not.toContain("[WARNING]");
    expect(exitCode).toBe(0);
  });

  it.for([
    ["--set=inlinePools=maybe", "at '/inlinePools': value must be one of 'allow', 'deny'"],
    ["--set=agent.reconcile=yes", "at '/agent/reconcile': value must be one of 'off', 'dry-run', 'on'"],
    ["--set=agent.metricsPort=70000", "at '/agent/metricsPort': maximum: got 70,000, want 65,535"],
    ["--set=agent.maxUnavailable=0", "at '/agent/maxUnavailable': minimum: got 0, want 1"],
    ["--set=agent.resource.limits.memory=1Gi", "at '/agent': additional properties 'resource' not allowed"],
    ["--set=commonLabels.a=1", "at '/commonLabels/a': got number, want string"],
    ["--set=controller.replicas=0", "at '/controller/replicas': minimum: got 0, want 1"],
    ["--set=flowControl.matchingPrecedence=900", "flowControl.matchingPrecedence is 900: write 899 at most"],
    ["--set=pools[0].name=lan", "at '/pools/0': missing property 'spec'"],
    ["--set=apiServer.host=https://10.0.0.1", "write the address alone, without a scheme"],
    ["--set=apiServer.host=10.0.0.1:6443", "write the port into apiServer.port"],
    ["--set=agent.extraArgs={--node-name=n1}", "agent.extraArgs has --node-name, which the chart sets itself"],
    ["--set=agent.serviceAccount.create=false", "name the account that there is in agent.serviceAccount.name"],
    ["--set=agent.serviceAccount.name=a,controller.serviceAccount.name=a", "have the same service account"],
    ["--set=controller.hostNetwork=true,controller.metricsPort=9808", "give them two ports"],
    ["--set=fullnameOverride=an-extraordinarily-long-name-for-a-handful-of-addresses", "write 50 at most"],
    ["--set=pools[0].name=a,pools[0].spec.x=1,pools[1].name=a,pools[1].spec.x=1", "pools has a twice"],
    [
      "--set=pools[0].name=a,pools[0].default=true,pools[0].spec.x=1,pools[1].name=b,pools[1].default=true,pools[1].spec.x=1",
      "pools a and b are both the default",
    ],
    ["--kube-version=1.30.9", "chart requires kubeVersion: >=1.31.0-0 which is incompatible with Kubernetes v1.30.9"],
  ] as const)("refuses %s with a sentence", async ([flag, sentence]) => {
    const { exitCode, stderr } = await tryRender(run, [flag]);
    expect(stderr).toContain(sentence);
    expect(exitCode).toBe(1);
  });

  it("takes Kubernetes as vendors call it", async () => {
    expect((await tryRender(run, ["--kube-version=v1.31.2-gke.1"])).exitCode).toBe(0);
  });
});

describe("what the chart renders", () => {
  it("gives the programs the rules that the tests give them, and no others", async () => {
    const manifests = await render(run);
    const agent = await readChartRules("agent");
    const inline = await readChartRules("agent-inline-pools");
    expect(only(manifests, "ClusterRole", "cluster-ipam-agent")["rules"]).toEqual([...agent, ...inline]);
    const controller = only(manifests, "ClusterRole", "cluster-ipam-controller");
    expect(controller["rules"]).toEqual(await readChartRules("controller"));
    const election = only(manifests, "Role", "cluster-ipam-controller");
    expect(election["rules"]).toEqual(await readChartRules("controller-election"));
    expect(election.metadata.namespace).toBe("kube-system");
  });

  it("takes the right to make pools from the agents where ipam sections bring none", async () => {
    const manifests = await render(run, ["--set=inlinePools=deny"]);
    expect(only(manifests, "ClusterRole", "cluster-ipam-agent")["rules"]).toEqual(await readChartRules("agent"));
  });

  it("binds the election's role to the Lease that the values name", async () => {
    const { metadata, ...role } = only(await render(run, EVERYTHING), "Role", "cluster-ipam-controller");
    expect(metadata.namespace).toBe("default");
    expect(role["rules"]).toMatchObject([{ resourceNames: ["ipam"] }, { verbs: ["create"] }]);
  });

  it("holds the very account that the agents run as, whatever it is called", async () => {
    const manifests = await render(run, ["--set=agent.serviceAccount.name=nodes", "--set=nameOverride=addresses"]);
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

  it.for([
    ["cluster-ipam-agent", "DaemonSet", "cluster-ipam-agent"],
    ["cluster-ipam-controller", "Deployment", "cluster-ipam-controller"],
  ] as const)("starts %s with flags that it knows", async ([program, kind, name]) => {
    const usage = await mustRun([toolPath(program), "--help"]);
    for (const [, flags] of RENDERINGS) {
      const { args } = containerOf(only(await render(run, flags), kind, name));
      const names = args.map((arg) => arg.split("=", 1)[0] ?? "");
      expect(names.filter((flag) => !usage.includes(`${flag} `))).toEqual([]);
      expect(new Set(names).size).toBe(names.length);
    }
  });
});

interface Container {
  readonly args: readonly string[];
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

  it.for(RENDERINGS)("would take every object, %s", async ([, flags]) => {
    const { stdout } = await tryRender(run, flags);
    const count = (await render(run, flags)).length;
    const args = ["apply", "--server-side", "--force-conflicts", "--dry-run=server", "-o", "name", "-f", "-"];
    const applied = await kubectl(run, controlPlane, args, stdout);
    expect(applied.stderr).toBe("");
    expect(applied.exitCode).toBe(0);
    expect(applied.stdout.trim().split("\n")).toHaveLength(count);
  });
});
