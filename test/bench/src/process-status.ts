import { readFile } from "node:fs/promises";

/** Clock ticks a second of proc_pid_stat(5): USER_HZ, 100 on every machine that Linux runs on today. */
const TICKS_PER_S = 100;
const KB_PER_MB = 1_024;

/** Resident memory of a process in MB (proc_pid_status(5)): now (VmRSS), or at its highest so far (VmHWM). */
export async function residentMegabytes(pid: number, field: "VmRSS" | "VmHWM" = "VmRSS"): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1] ?? Number.NaN) / KB_PER_MB;
}

/** Milliseconds of processor time that a process has used (proc_pid_stat(5), utime and stime). */
export async function processorMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  // The name before it may hold anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [user, system] = [fields[11], fields[12]].map(Number) as [number, number];
  return ((user + system) * 1_000) / TICKS_PER_S;
}
