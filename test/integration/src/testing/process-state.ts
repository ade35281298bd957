import { readFileSync } from "node:fs";

/** Whether a process runs. One that is dead but that nobody has asked for yet, a zombie, does not. */
export function isRunning(pid: number): boolean {
  try {
    // pid (name) state …: the name may hold anything, parentheses included.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return !stat.slice(stat.lastIndexOf(")") + 2).startsWith("Z");
  } catch {
    return false;
  }
}
