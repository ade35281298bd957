import { readdirSync, readFileSync } from "node:fs";

/** A process, told apart from a later one that has the same number by when it started. */
export interface ProcessIdentity {
  readonly pid: number;
  /** In clock ticks since boot, as /proc counts. */
  readonly startTicks: string;
}

/** The processes that a process started, and those that they started, and so on. */
export function listDescendants(pid: number): readonly ProcessIdentity[] {
  const childrenOf = new Map<number, ProcessIdentity[]>();
  for (const entry of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const found = readStat(Number(entry));
    if (found !== undefined) childrenOf.set(found.parent, [...(childrenOf.get(found.parent) ?? []), found.identity]);
  }
  const found = [...(childrenOf.get(pid) ?? [])];
  // The array grows while it is walked, until the youngest generation has been seen.
  for (const { pid: parent } of found) found.push(...(childrenOf.get(parent) ?? []));
  return found;
}

/** Kills processes at once, with everything that they start meanwhile. Those that are gone already are left out. */
export function killAll(processes: readonly ProcessIdentity[]): void {
  const frozen: ProcessIdentity[] = [];
  // A stopped process starts no other: once all of a generation are stopped the next one is complete.
  for (let next = processes.filter(isAlive); next.length > 0; ) {
    for (const { pid } of next) sendSignal(pid, "SIGSTOP");
    frozen.push(...next);
    const known = new Set(frozen.map(({ pid }) => pid));
    next = next.flatMap(({ pid }) => listDescendants(pid)).filter(({ pid }) => !known.has(pid));
  }
  for (const { pid } of frozen.filter(isAlive)) sendSignal(pid, "SIGKILL");
}

function isAlive({ pid, startTicks }: ProcessIdentity): boolean {
  return readStat(pid)?.identity.startTicks === startTicks;
}

/** Sends a signal to a process, or to a group when `pid` is negative. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (err) {
    // Gone already.
    if ((err as NodeJS.ErrnoException).code !== "ESRCH") throw err;
  }
}

function readStat(pid: number): { identity: ProcessIdentity; parent: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the program's name in parentheses, which may itself hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { identity: { pid, startTicks: fields[19] ?? "" }, parent: Number(fields[1]) };
  } catch {
    return undefined;
  }
}
