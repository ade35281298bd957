import { SEARCH_PATH } from "./cni-call.ts";
import { type CommandResult, runCommand } from "./command.ts";
import type { ControlPlane } from "./control-plane.ts";
import type { Run } from "./run.ts";
import { toolPath } from "./tools.ts";

/** Runs the real kubectl as cluster-admin, with `input` to read. Its cache goes to the run's folder, not to the user's. */
export async function kubectl(
  run: Run,
  controlPlane: ControlPlane,
  args: readonly string[],
  input?: string,
): Promise<CommandResult> {
  const env = { PATH: SEARCH_PATH, HOME: run.folder, KUBECONFIG: controlPlane.kubeconfigPath };
  return await runCommand([toolPath("kubectl"), ...args], { env, input, signal: run.signal });
}
