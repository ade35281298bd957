import { runCommand } from "./command.ts";
import { NetworkNamespace } from "./namespaces.ts";
import type { Run } from "./run.ts";
import { RequirementError } from "./tools.ts";

/** Checks for the right to make network namespaces. @throws RequirementError when the user is not root. */
export function requireRoot(): void {
  if (process.getuid?.() !== 0) throw new RequirementError("network namespaces need root: run this with sudo");
}

/** Checks for the programs of iproute2 and util-linux. @throws RequirementError that names the missing one. */
export async function requireSystemPrograms(): Promise<void> {
  for (const [program, versionFlag, source] of [
    ["ip", "-Version", "iproute2"],
    ["nsenter", "--version", "util-linux"],
    ["unshare", "--version", "util-linux"],
    ["setpriv", "--version", "util-linux"],
  ] as const) {
    const result = await runCommand([program, versionFlag]).catch(() => undefined);
    if (result?.exitCode !== 0) throw new RequirementError(`${program} is missing: install ${source}`);
  }
}

/** Whether this kernel has a type of virtual interface that lies on another one, such as macvlan or ipvlan. */
export async function hasLinkType(run: Run, type: string): Promise<boolean> {
  const namespace = await NetworkNamespace.create(run, `has-${type}`);
  try {
    await namespace.configure(["link add below type veth peer name other"]);
    const result = await namespace.exec(["ip", "link", "add", "link", "below", "name", "above", "type", type]);
    return result.exitCode === 0;
  } finally {
    await namespace.delete();
  }
}
