import { readFile } from "node:fs/promises";

/** Runs what stands behind it as the chart's security context does: root without a capability, and none to gain. */
export const LEAST_CAPABILITIES: readonly string[] = [
  "setpriv",
  "--bounding-set=-all",
  "--inh-caps=-all",
  "--ambient-caps=-all",
  "--no-new-privs",
];

/** Whether a process neither has a capability nor can get one. */
export async function hasNoCapability(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return ["CapEff", "CapPrm", "CapBnd"].every((set) => new RegExp(`^${set}:\\s*0+$`, "m").test(status));
}
