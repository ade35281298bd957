import type { ChildProcess } from "node:child_process";
import { sendSignal } from "./descendants.ts";

/** How long a process group has to end by itself before it is killed. */
const GRACE_MS = 5_000;

/**
 * Ends a child that leads a process group, and the group with it: an interrupt first, so that programs remove their
 * temporary files, then a kill.
 */
export function killGroup(leader: ChildProcess): void {
  const { pid } = leader;
  if (pid === undefined) return;
  sendSignal(-pid, "SIGINT");
  const timer = setTimeout(() => sendSignal(-pid, "SIGKILL"), GRACE_MS);
  leader.once("exit", () => {
    clearTimeout(timer);
    sendSignal(-pid, "SIGKILL");
  });
}
