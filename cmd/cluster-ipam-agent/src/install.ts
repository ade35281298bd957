import { dirname, join } from "node:path";
import { InstallError, installPlugin } from "@cluster-ipam/agent";
import { absolutePath, parseFlags } from "@cluster-ipam/command-line";
import * as z from "zod";
import { VERSION } from "./version.ts";

/** What `install --help` says. */
export const INSTALL_USAGE: string = `usage: cluster-ipam-agent install --bin-dir FOLDER [--from FILE]
  --bin-dir FOLDER         where the container runtime looks for plugins, such as /opt/cni/bin
  --from FILE              the plugin; the one that belongs to this agent without it
  --help                   this text
`;

const INSTALL_OPTIONS = { "bin-dir": { type: "string" }, from: { type: "string" } } as const;
const installSchema = z.object({ "bin-dir": absolutePath, from: absolutePath.optional() });

/**
 * Installs the plugin.
 *
 * @param args what follows `install` on the command line
 * @param program the path of the agent's own program
 * @returns the line that says what was done
 * @throws UsageError, or InstallError when it could not be done
 */
export async function install(args: readonly string[], program: string): Promise<string> {
  const flags = parseFlags(args, INSTALL_OPTIONS, installSchema);
  const { "bin-dir": binDir, from = join(dirname(program), "../bin/cluster-ipam") } = flags;
  const { kind, path, bytes } = await installPlugin({ binDir, from });
  return `cluster-ipam-agent: ${path}: ${kind} (version ${VERSION}, ${bytes} bytes)\n`;
}

/** Whether `error` is one whose message alone tells what to do. */
export function isInstallError(error: unknown): error is InstallError {
  return error instanceof InstallError;
}
