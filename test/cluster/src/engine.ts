import { mustRun, ownerOf, RequirementError, type Run, runCommand } from "@cluster-ipam/test-integration";

/** What to do where no engine answers. */
const HINT =
  "no Docker engine answers: install one (Debian: apt-get install docker.io) and start it (systemctl start docker, or " +
  "dockerd by hand), or let DOCKER_HOST name one";

/** Checks for an engine and for what the images of the nodes are made with. @throws RequirementError of one line. */
export async function requireEngine(): Promise<void> {
  const engine = await runCommand(["docker", "version", "--format", "{{.Server.Version}}"]).catch(() => undefined);
  if (engine?.exitCode !== 0) throw new RequirementError(HINT);
  const debootstrap = await runCommand(["debootstrap", "--version"]).catch(() => undefined);
  if (debootstrap?.exitCode === 0) return;
  throw new RequirementError("debootstrap is missing: install it (Debian: apt-get install debootstrap)");
}

/** Runs the `docker` command. @returns what it printed. @throws CommandError when it fails. */
export async function docker(run: Run, ...args: readonly string[]): Promise<string> {
  return await mustRun(["docker", ...args], { timeoutMs: 180_000, signal: run.signal });
}

/** Like {@link docker}, for what must happen also after the run was interrupted. A failure is passed over. */
export async function tryDocker(...args: readonly string[]): Promise<void> {
  await runCommand(["docker", ...args], { timeoutMs: 60_000 });
}

/** Kinds of things that an engine keeps, with how to list their names and remove one. */
const KINDS = [
  { list: ["ps", "--all", "--format", "{{.Names}}"], remove: ["rm", "--force", "--volumes"] },
  { list: ["network", "ls", "--format", "{{.Name}}"], remove: ["network", "rm"] },
  { list: ["images", "--format", "{{.Repository}}:{{.Tag}}"], remove: ["rmi", "--force"] },
] as const;

/** Removes containers, networks and images of runs whose process is gone: one that was killed could not do it itself. */
export async function removeDeadContainers(): Promise<void> {
  for (const { remove, names } of await everything()) {
    for (const name of names) {
      const pid = ownerOf(idIn(name));
      if (pid !== undefined && !isAlive(pid)) await tryDocker(...remove, name);
    }
  }
}

/** What the engine still has of a run: nothing, once it is closed. */
export async function leftOf(runId: string): Promise<readonly string[]> {
  return (await everything()).flatMap(({ names }) => names.filter((name) => idIn(name).startsWith(runId)));
}

/** The part of a name that begins with a run's id: an image's tag, or the whole. */
function idIn(name: string): string {
  return name.split(":").at(-1) ?? "";
}

async function everything(): Promise<
  readonly { readonly remove: readonly string[]; readonly names: readonly string[] }[]
> {
  return await Promise.all(
    KINDS.map(async ({ list, remove }) => ({ remove, names: (await mustRun(["docker", ...list])).trim().split("\n") })),
  );
}

/** Whether a process is there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (err) {
    return (err as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
