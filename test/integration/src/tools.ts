import { access, constants } from "node:fs/promises";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "../../..");

/** Where `make tools` puts the pinned programs. */
export const TOOL_FOLDER: string = join(ROOT, ".cache/tools/bin");

/** Where `make build` puts what this repository makes. */
export const BUILD_FOLDER: string = join(ROOT, "dist/bin");

/** The custom resource definitions, one YAML file each. */
export const CRD_FOLDER: string = join(ROOT, "crds");

/** The Helm chart. */
export const CHART_FOLDER: string = join(ROOT, "charts/cluster-ipam");

/** A program that the harness runs: a pinned one, or one of ours. */
export type ToolName =
  | "etcd"
  | "kube-apiserver"
  | "kubectl"
  | "cnitool"
  | "macvlan"
  | "helm"
  | "host-local"
  | "cluster-ipam"
  | "cluster-ipam-agent"
  | "cluster-ipam-controller";

/** Something is missing that a person has to provide. The message is one line that says how. */
export class RequirementError extends Error {
  override readonly name: string = "RequirementError";
}

/** The path of a program. Whether it is there, {@link requireTools} says. */
export function toolPath(name: ToolName): string {
  return join(name.startsWith("cluster-ipam") ? BUILD_FOLDER : TOOL_FOLDER, name);
}

/** Checks that programs are there. @throws RequirementError that names the make target for the missing one. */
export async function requireTools(names: readonly ToolName[]): Promise<void> {
  for (const name of names) {
    try {
      await access(toolPath(name), constants.X_OK);
    } catch {
      const target = name.startsWith("cluster-ipam") ? "make build" : "make tools";
      throw new RequirementError(`${name} is not built (${toolPath(name)}): run ${target}`);
    }
  }
}
