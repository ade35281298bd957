import { join } from "node:path";
import { clusterValues } from "./cluster-values.ts";
import type { ControlPlane } from "./control-plane.ts";
import { render, tryRender } from "./helm.ts";
import { kubectl } from "./kubectl.ts";
import type { Run } from "./run.ts";

const VALUES = join(import.meta.dirname, "../chart");
const WITH_POOLS = "--api-versions=cluster-ipam.io/v1alpha1/IPPool";
const CLUSTER = clusterValues({
  registry: "cluster-ipam.test",
  tag: "first",
  serverUrl: "https://172.18.0.1:6443",
  kernelCommandLine: "/var/lib/cluster-ipam/cmdline",
});

/** What a rendering is for. */
export type Rendering =
  | "as it is"
  | "as the page on installing says"
  | "with every option"
  | "with as little as possible"
  | "with names and folders that YAML would take for something else"
  | "with values taken away"
  | "with pools of administrators alone"
  | "with names of one's own"
  | "with the nodes' process IDs"
  | "for nodes with SELinux"
  | "for a cluster of the tests";

/** Flags of helm for the chart as the tests use it; a real API server would take each. */
export const RENDERINGS: Readonly<Record<Rendering, readonly string[]>> = {
  "as it is": [],
  "as the page on installing says": [
    "--set",
    "image.registry=registry.example.org/network",
    "--set",
    "controller.garbageCollection.maxPercent=100",
  ],
  "with every option": [`--values=${VALUES}/everything.yaml`, WITH_POOLS],
  "with as little as possible": [`--values=${VALUES}/minimal.yaml`],
  "with names and folders that YAML would take for something else": [`--values=${VALUES}/lookalikes.yaml`, WITH_POOLS],
  "with values taken away": [`--values=${VALUES}/taken-away.yaml`],
  "with pools of administrators alone": ["--set=inlinePools=deny"],
  "with names of one's own": ["--set=agent.serviceAccount.name=nodes", "--set=nameOverride=addresses"],
  "with the nodes' process IDs": ["--set=agent.hostPID=true", "--set=agent.securityContext.capabilities.add={NET_RAW}"],
  "for nodes with SELinux": ["agent.securityContext", "agent.installSecurityContext"].map(
    (context) => `--set=${context}.seLinuxOptions.type=spc_t`,
  ),
  "for a cluster of the tests": Object.entries(CLUSTER).map(
    ([key, value]) => `--set-json=${key}=${JSON.stringify(value)}`,
  ),
};

/** What an API server says to every object of a rendering, without keeping one. */
export interface DryRun {
  /** Objects that are rendered. */
  readonly count: number;
  /** Names of those that it would take. */
  readonly taken: readonly string[];
  readonly stderr: string;
}

/** Renders the chart and has the API server judge it. */
export async function dryRun(run: Run, controlPlane: ControlPlane, flags: readonly string[]): Promise<DryRun> {
  const { length: count } = await render(run, flags);
  const { stdout } = await tryRender(run, flags);
  const args = ["apply", "--server-side", "--force-conflicts", "--dry-run=server", "-o", "name", "-f", "-"];
  const applied = await kubectl(run, controlPlane, args, stdout);
  return { count, taken: applied.stdout.trim().split("\n"), stderr: applied.stderr };
}
