import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { helm, tryRender } from "./src/helm.ts";
import { Run } from "./src/run.ts";
import { CHART_FOLDER, requireTools } from "./src/tools.ts";

let run: Run;

beforeAll(async () => {
  await requireTools(["helm"]);
  run = await Run.open();
});
afterAll(async () => {
  await run?.close();
});

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
    ["--set=image.registry=oci://registry.example.org", "write the registry and the folder in it, without a scheme"],
    ["--set=apiServer.host=10.0.0.1/api", 'apiServer.host is "10.0.0.1/api": write the address alone'],
    ["--set=apiServer.host=[fd00::1]", "without a scheme, brackets or a path"],
    [
      "--set=apiServer.host=api.example.org,networkPolicy.apiServerPorts={6443}",
      'apiServer.host is the name "api.example.org", which networkPolicy.apiServerPorts keeps the controllers from looking up',
    ],
    ["--set=agent.extraArgs={--log-level=debug}", "agent.extraArgs has --log-level, which the chart sets itself"],
    ["--set=agent.extraArgs={--kubeconfig=/k}", "agent.extraArgs has --kubeconfig: leave it out, the program would be"],
    ["--set=agent.extraArgs={--socket=/run/a.sock}", "--socket: leave it out, the plugin looks for the agent in"],
    ["--set=agent.extraArgs={--state-dir=/var/a}", "--state-dir: leave it out, the plugin leaves its spool in"],
    ["--set=controller.extraArgs={--identity=a}", "controller.extraArgs has --identity, which the chart sets itself"],
    ["--set=controller.extraArgs={--kubeconfig=/k}", "controller.extraArgs has --kubeconfig: leave it out"],
    ["--set=agent.priorityClassName=Very High", "at '/agent/priorityClassName': 'Very High' does not match pattern"],
    ["--set=agent.resources.limits.memory=256MB", "at '/agent/resources/limits/memory'"],
    ["--set=controller.resources.requests.cpu=-1", "at '/controller/resources/requests/cpu'"],
    ["--set=agent.extraEnv[0].value=a", "at '/agent/extraEnv/0': missing property 'name'"],
    ["--set=agent.extraVolumes[0].emptyDir.medium=Memory", "at '/agent/extraVolumes/0': missing property 'name'"],
    ["--set=controller.leaderElection.name=true", "at '/controller/leaderElection/name': got boolean, want string"],
    ["--set=image=null", "missing property 'image'"],
    ["--set=rbac=null", "missing property 'rbac'"],
    ["--set=rbac.create=null", "at '/rbac': missing property 'create'"],
    ["--set=agent.serviceAccount=null", "at '/agent': missing property 'serviceAccount'"],
    ["--set=agent.securityContext=null", "at '/agent': missing property 'securityContext'"],
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

  it("takes flags of the programs that are not its own", async () => {
    const flags = ["--set=agent.extraArgs={--kernel-cmdline=/proc/cmdline,--trace-file=/var/lib/cluster-ipam/t}"];
    expect(await tryRender(run, flags)).toMatchObject({ exitCode: 0, stderr: "" });
  });

  it.for([
    "--set=apiServer.host=fd00::a,networkPolicy.apiServerPorts={6443}",
    "--set=apiServer.host=10.0.0.1,networkPolicy.apiServerPorts={6443}",
    "--set=apiServer.host=api.example.org",
  ])("takes the API server's address with ports, and its name without: %s", async (flag) => {
    expect(await tryRender(run, [flag])).toMatchObject({ exitCode: 0, stderr: "" });
  });

  it("takes Kubernetes as vendors call it", async () => {
    expect((await tryRender(run, ["--kube-version=v1.31.2-gke.1"])).exitCode).toBe(0);
  });
});
