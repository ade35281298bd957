import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { lstat, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";

/** Name of the plugin's program, which networks name as `ipam.type`. */
const PLUGIN_NAME = "cluster-ipam";
const PROGRAM_MODE = 0o755;
/** Set-user-ID and its like count: nobody's call is to run with more rights than its caller has. */
const MODE_BITS = 0o7777;
/** What an install that was killed leaves: hidden, so that nobody takes it for a plugin. */
const DRAFT_NAME = /^\.cluster-ipam\.[\da-f-]+\.tmp$/;
/** Far longer than an install takes: a younger draft may be that of another one under way. */
const DRAFT_LIFETIME_MS = 600_000;
/** Far longer than the plugin takes for VERSION, also on a node that is busy. */
const TRIAL_TIMEOUT_MS = 10_000;
const OUTPUT_SHOWN_CHARACTERS = 200;

/** What to install, and where. */
export interface PluginInstall {
  /** The folder in which the runtime looks for plugins. */
  readonly binDir: string;
  /** The program to be installed. */
  readonly from: string;
  /** The wall clock, in milliseconds since 1970; the machine's when absent. */
  readonly epochMs?: () => number;
}

/** What became of it; `path` is the plugin's. */
export interface InstalledPlugin {
  readonly kind: "installed" | "up to date";
  readonly path: string;
  readonly bytes: number;
}

/** The plugin could not be installed; the message says what is in the way. What was there before still is. */
export class InstallError extends Error {
  override readonly name = "InstallError";
}

/**
 * Puts the plugin into `binDir`. A call finds the old program or the new one, whole, and one that runs goes on with
 * the file that it was started from. The new one is run before it takes the place, so that a file system that lets no
 * program run, or a program for another machine, is told here and not by the first pod.
 *
 * @throws InstallError; the folder is as it was then, without what an install that was killed had left
 */
export async function installPlugin({ binDir, from, epochMs = Date.now }: PluginInstall): Promise<InstalledPlugin> {
  const program = await readProgram(from);
  await requireFolder(binDir);
  const path = join(binDir, PLUGIN_NAME);
  await attempt(`${binDir} cannot be written to`, () => removeDrafts(binDir, epochMs() - DRAFT_LIFETIME_MS));
  if (await isInstalled(path, program)) {
    await tryProgram(path, binDir);
    return { kind: "up to date", path, bytes: program.length };
  }
  const draft = join(binDir, `.${PLUGIN_NAME}.${randomUUID()}.tmp`);
  try {
    await attempt(`${binDir} cannot be written to`, () => writeProgram(draft, program));
    await tryProgram(draft, binDir);
    await attempt(`${path} cannot be replaced`, () => rename(draft, path));
  } finally {
    await rm(draft, { force: true }).catch(() => undefined);
  }
  await attempt(`${path} may not outlive a failure of the machine`, () => syncFolder(binDir));
  return { kind: "installed", path, bytes: program.length };
}

async function readProgram(from: string): Promise<Buffer> {
  const program = await attempt(`${from} cannot be read`, () => readFile(from));
  // Anything else would be taken for a shell's script, line by line.
  const isProgram =
    program.subarray(0, 4).toString("latin1") === "\x7fELF" || program.toString("latin1", 0, 2) === "#!";
  if (!isProgram) throw new InstallError(`${from} is no program`);
  return program;
}

async function requireFolder(binDir: string): Promise<void> {
  const found = await attempt(`${binDir} cannot be looked at`, () => stat(binDir).catch(ifMissing));
  if (found === undefined) {
    throw new InstallError(`${binDir} is missing: it must be the folder in which the runtime looks for plugins`);
  }
  if (!found.isDirectory()) throw new InstallError(`${binDir} is no folder`);
}

async function removeDrafts(binDir: string, olderThanEpochMs: number): Promise<void> {
  const drafts = (await readdir(binDir)).filter((name) => DRAFT_NAME.test(name)).map((name) => join(binDir, name));
  for (const draft of drafts) {
    const found = await lstat(draft).catch(ifMissing);
    if (found !== undefined && found.mtimeMs < olderThanEpochMs) await rm(draft, { force: true });
  }
}

async function isInstalled(path: string, program: Buffer): Promise<boolean> {
  // A link into another folder is replaced by the file itself.
  const found = await lstat(path).catch(() => undefined);
  if (found?.isFile() !== true || found.size !== program.length || (found.mode & MODE_BITS) !== PROGRAM_MODE)
    return false;
  return program.equals(await readFile(path).catch(() => Buffer.alloc(0)));
}

async function writeProgram(path: string, program: Buffer): Promise<void> {
  await using file = await open(path, "wx", PROGRAM_MODE);
  await file.writeFile(program);
  // Whatever the umask took away.
  await file.chmod(PROGRAM_MODE);
  await file.sync();
}

/** Runs the program as a runtime asks for its versions; it needs neither the agent nor standard input for that. */
async function tryProgram(path: string, binDir: string): Promise<void> {
  const child = spawn(path, {
    env: { CNI_COMMAND: "VERSION" },
    stdio: ["ignore", "pipe", "pipe"],
    signal: AbortSignal.timeout(TRIAL_TIMEOUT_MS),
    killSignal: "SIGKILL",
  });
  try {
    const [stdout, stderr, [status]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "close"),
    ]);
    if (status === 0 && isVersionAnswer(stdout)) return;
    const said = `${stdout}${stderr}`.trim().slice(0, OUTPUT_SHOWN_CHARACTERS) || "nothing";
    throw new InstallError(`the plugin does not run on this machine: asked for its versions it said ${said}`);
  } catch (cause) {
    if (cause instanceof InstallError) throw cause;
    const hint = codeOf(cause) === "EACCES" ? `: the file system of ${binDir} lets no program run (noexec)` : "";
    throw new InstallError(`the plugin does not run in ${binDir}${hint}: ${reasonOf(cause)}`, { cause });
  }
}

function isVersionAnswer(stdout: string): boolean {
  try {
    const answer: unknown = JSON.parse(stdout);
    return typeof answer === "object" && answer !== null && "supportedVersions" in answer;
  } catch {
    return false;
  }
}

async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path);
  await folder.sync();
}

async function attempt<T>(failure: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (cause) {
    throw new InstallError(`${failure}: ${reasonOf(cause)}`, { cause });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  EROFS: "the file system is read-only",
  ENOSPC: "no space is left on the device",
  ENOENT: "no such file",
  EISDIR: "it is a folder",
};

function reasonOf(error: unknown): string {
  const known = REASONS[String(codeOf(error))];
  return known ?? (error instanceof Error ? error.message : String(error));
}

function ifMissing(error: unknown): undefined {
  if (codeOf(error) !== "ENOENT") throw error;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
