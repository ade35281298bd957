import { execFile } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { promisify } from "node:util";
import { Failure } from "../process/failure.ts";
import type { Tool } from "./tool-module.ts";

/** The programs that $KUBEBUILDER_ASSETS provides, by that variable's convention. */
const ASSETS = ["etcd", "kube-apiserver", "kubectl"] as const;

/** How far kubectl's minor version may be from the API server's: Kubernetes' version skew policy. */
const KUBECTL_SKEW = 1;

/** How long kubectl has to print its version. */
const VERSION_TIMEOUT_MS = 10_000;

/**
 * The programs of a $KUBEBUILDER_ASSETS folder, as name and path.
 *
 * @throws Failure when the folder lacks one of them.
 */
export function readAssets(folder: string): ReadonlyMap<string, string> {
  const found = new Map(ASSETS.map((name) => [name, resolve(folder, name)]));
  const missing = [...found].filter(([, path]) => !isExecutable(path)).map(([name]) => name);
  if (missing.length === 0) return found;
  throw new Failure(
    `test tools: KUBEBUILDER_ASSETS=${folder} lacks ${missing.join(", ")}: add it there, or unset the variable`,
  );
}

/** The first kubectl on a search path that suits the API server's version, if there is one. */
export async function findKubectl(searchPath: string, built: Tool): Promise<string | undefined> {
  for (const folder of searchPath.split(delimiter).filter((entry) => entry.startsWith("/"))) {
    const path = join(folder, "kubectl");
    if (!isExecutable(path)) continue;
    return (await hasKubectlVersion(path, built.version)) ? path : undefined;
  }
  return undefined;
}

async function hasKubectlVersion(path: string, wanted: string): Promise<boolean> {
  try {
    const { stdout } = await promisify(execFile)(path, ["version", "--client", "-o", "json"], {
      timeout: VERSION_TIMEOUT_MS,
    });
    const { clientVersion } = JSON.parse(stdout) as { clientVersion?: { gitVersion?: string } };
    return Math.abs(minorOf(clientVersion?.gitVersion ?? "") - minorOf(wanted)) <= KUBECTL_SKEW;
  } catch {
    // A kubectl that cannot say its version is none that a test should rest on.
    return false;
  }
}

/** The minor number of `v1.36.3`; NaN, which no comparison accepts, for anything that is not a 1.x release. */
function minorOf(version: string): number {
  return Number(/^v1\.(\d+)\.\d+$/.exec(version)?.[1] ?? Number.NaN);
}

/** Whether a path is a file that this process may execute. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
