import { readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "./command.ts";

/** Where `ip netns` keeps the handles of named network namespaces. */
export const NETNS_FOLDER = "/run/netns";

/** What the names of everything that a run makes begin with; the run's process ID follows. */
export const RUN_PREFIX = "cipam-";

/**
 * Removes network namespaces, mounts and temporary folders of runs whose process is gone: a run that was killed could
 * not do it itself. What this user may not remove stays. (Its daemons died with it: see daemon.ts.)
 */
export async function removeDeadRuns(): Promise<void> {
  for (const name of await deadNames(NETNS_FOLDER)) await runCommand(["ip", "netns", "delete", name]);
  const folder = tmpdir();
  for (const name of await deadNames(folder)) {
    await unmountBelow(join(folder, name));
    // Another user's leftovers are that user's to remove.
    await rm(join(folder, name), { recursive: true, force: true }).catch(() => undefined);
  }
}

/** Unmounts what is mounted in a folder, last mounted first. */
export async function unmountBelow(folder: string): Promise<void> {
  const mounts = await readFile("/proc/self/mounts", "utf8");
  const points = mounts.split("\n").map((line) => line.split(" ")[1] ?? "");
  for (const point of points.filter((path) => path.startsWith(`${folder}/`)).toReversed()) {
    await runCommand(["umount", "--lazy", point]);
  }
}

async function deadNames(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => {
    const pid = ownerOf(name);
    return pid !== undefined && !isAlive(pid);
  });
}

/** The process ID in the name of a thing that a run made; undefined for everybody else's things. */
export function ownerOf(name: string): number | undefined {
  const pid = /^cipam-(\d+)-[A-Za-z0-9]{6}(?:-|$)/.exec(name)?.[1];
  return pid === undefined ? undefined : Number(pid);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (err) {
    return (err as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
