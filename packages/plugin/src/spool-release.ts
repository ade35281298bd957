import { encodeSpooledRelease, type SpooledRelease, spoolFileName } from "@cluster-ipam/cni";
import type { Host } from "./host.ts";

/**
 * Leaves `release` in the spool, from which the agent takes it. Never throws: a spool that cannot be written to is told
 * on standard error, and the addresses then stay leased until somebody finds their sandbox gone.
 */
export function spoolRelease(host: Host, release: SpooledRelease, folder: string): void {
  const path = `${folder}/${spoolFileName(release)}`;
  try {
    host.writeFile(path, encodeSpooledRelease(release));
  } catch (error) {
    tell(host, release, `${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function tell(host: Host, { attachment }: SpooledRelease, reason: string): void {
  const { containerId, ifName } = attachment;
  const what = `no agent took the DEL of container ${containerId}, interface ${ifName}, and it cannot be spooled`;
  try {
    host.write("stderr", `cluster-ipam: ${what}: ${reason}\n`);
  } catch {
    // Nobody listens: the DEL succeeds all the same.
  }
}
