import { type CommandResult, mustRun, type Run, runCommand, toolPath } from "@cluster-ipam/test-integration";
import type { ClusterControlPlane } from "./control-plane.ts";

const TIMEOUT_MS = 120_000;

/** Runs the real kubectl as cluster-admin. Its cache goes to the run's folder, not to the user's. */
export class Kubectl {
  readonly #run: Run;
  readonly #env: Readonly<Record<string, string>>;

  constructor(run: Run, controlPlane: ClusterControlPlane) {
    this.#run = run;
    this.#env = { PATH: "/usr/bin:/bin", HOME: run.folder, KUBECONFIG: controlPlane.kubeconfigPath };
  }

  /** @returns what it printed. @throws CommandError when it fails. */
  async run(...args: readonly string[]): Promise<string> {
    return await mustRun([toolPath("kubectl"), ...args], this.#options());
  }

  /** @returns what came of it, whatever its exit code. */
  async try(...args: readonly string[]): Promise<CommandResult> {
    return await runCommand([toolPath("kubectl"), ...args], this.#options());
  }

  /** Creates or changes objects as `kubectl apply` does. */
  async apply(...objects: readonly object[]): Promise<void> {
    const list = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
    await mustRun([toolPath("kubectl"), "apply", "-f", "-"], { ...this.#options(), input: list });
  }

  /** Reads what `kubectl get` shows. */
  async get<T>(...args: readonly string[]): Promise<T> {
    return JSON.parse(await this.run("get", ...args, "-o", "json")) as T;
  }

  #options(): { env: Readonly<Record<string, string>>; timeoutMs: number; signal: AbortSignal } {
    return { env: this.#env, timeoutMs: TIMEOUT_MS, signal: this.#run.signal };
  }
}
