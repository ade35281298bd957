import { parseAllDocuments } from "yaml";
import { SEARCH_PATH } from "./cni-call.ts";
import { type CommandResult, mustRun, runCommand } from "./command.ts";
import type { Run } from "./run.ts";
import { CHART_FOLDER, toolPath } from "./tools.ts";

/** An object as a chart renders it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** Where every rendering and release of the tests is; the chart's own proposal. */
export const RELEASE = { name: "cluster-ipam", namespace: "kube-system" } as const;

/** The version that a rendering without a server is for: that of the tests' API server, as far as a chart cares. */
const KUBE_VERSION = "1.36.0";
/** A release of some thirty objects on a busy machine. */
const TIMEOUT_MS = 120_000;

/** Runs helm. Its caches go to the run's folder, not to the user's. */
export function helm(run: Run, args: readonly string[], kubeconfigPath = "/dev/null"): Promise<CommandResult> {
  const env = { PATH: SEARCH_PATH, HOME: run.folder, KUBECONFIG: kubeconfigPath };
  return runCommand([toolPath("helm"), ...args], { env, timeoutMs: TIMEOUT_MS, signal: run.signal });
}

/** Renders the chart without a server; `flags` are such as `--set=inlinePools=deny`. @returns what helm says */
export function tryRender(run: Run, flags: readonly string[] = []): Promise<CommandResult> {
  const hasVersion = flags.some((flag) => flag.startsWith("--kube-version"));
  return helm(run, [
    "template",
    RELEASE.name,
    CHART_FOLDER,
    `--namespace=${RELEASE.namespace}`,
    ...(hasVersion ? [] : [`--kube-version=${KUBE_VERSION}`]),
    ...flags,
  ]);
}

/** Renders the chart without a server. @throws Error with what helm says where it does not succeed */
export async function render(run: Run, flags: readonly string[] = []): Promise<readonly Manifest[]> {
  const { exitCode, stdout, stderr } = await tryRender(run, flags);
  if (exitCode !== 0) throw new Error(`helm template: ${stderr}`);
  return parseManifests(stdout);
}

/**
 * Installs, upgrades or uninstalls the release.
 *
 * @returns what helm tells the user
 * @throws Error with what helm says where it does not succeed
 */
export async function release(run: Run, kubeconfigPath: string, args: readonly string[]): Promise<string> {
  const env = { PATH: SEARCH_PATH, HOME: run.folder, KUBECONFIG: kubeconfigPath };
  const argv = [toolPath("helm"), ...args, `--namespace=${RELEASE.namespace}`];
  return await mustRun(argv, { env, timeoutMs: TIMEOUT_MS, signal: run.signal });
}

/** What the release consists of by now. */
export async function released(run: Run, kubeconfigPath: string): Promise<readonly Manifest[]> {
  return parseManifests(await release(run, kubeconfigPath, ["get", "manifest", RELEASE.name]));
}

function parseManifests(text: string): readonly Manifest[] {
  const documents = parseAllDocuments(text);
  const values = [...documents].map((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    return document.toJS() as Manifest | null;
  });
  return values.filter((value) => value !== null);
}
