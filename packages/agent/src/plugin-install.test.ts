import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { InstallError, installPlugin } from "./plugin-install.ts";

const ANSWER = '{"cniVersion":"1.1.0","supportedVersions":["1.1.0"]}';

let folder: string;
let binDir: string;
let from: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cluster-ipam-install-"));
  binDir = join(folder, "bin");
  from = join(folder, "plugin");
  path = join(binDir, "cluster-ipam");
  await mkdir(binDir);
  await writeFile(from, answering(ANSWER));
});

afterEach(() => rm(folder, { recursive: true }));

/** A program that prints `text` when it is asked for its versions, without standard input. */
function answering(printed: string): string {
  return `#!/bin/sh\n[ "$CNI_COMMAND" = VERSION ] || exit 9\n[ -z "$(cat)" ] || exit 8\necho '${printed}'\n`;
}

async function failure(change: Partial<Parameters<typeof installPlugin>[0]> = {}): Promise<string> {
  const error = await installPlugin({ binDir, from, ...change }).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(InstallError);
  return (error as InstallError).message;
}

test("the plugin is there, whole and executable for everyone, and nothing else is", async () => {
  const bytes = (await stat(from)).size;
  expect(await installPlugin({ binDir, from })).toEqual({ kind: "installed", path, bytes });
  expect(await readFile(path, "utf8")).toBe(answering(ANSWER));
  expect((await stat(path)).mode & 0o7777).toBe(0o755);
  expect(await readdir(binDir)).toEqual(["cluster-ipam"]);
});

test("what is up to date stays the file that it is", async () => {
  await installPlugin({ binDir, from });
  const { ino } = await stat(path);
  expect(await installPlugin({ binDir, from })).toMatchObject({ kind: "up to date" });
  expect((await stat(path)).ino).toBe(ino);
});

test.each([
  ["another version", () => writeFile(path, "#!/bin/sh\n", { mode: 0o755 })],
  ["one of the same length", () => writeFile(path, answering(ANSWER).replace("exit 9", "exit 7"), { mode: 0o755 })],
  ["one that may not be run", () => writeFile(path, answering(ANSWER), { mode: 0o644 })],
  ["one that gives rights away", () => writeFile(path, answering(ANSWER)).then(() => chmod(path, 0o4755))],
  ["a link to the plugin", () => symlink(from, path)],
  ["a link to nowhere", () => symlink(join(folder, "missing"), path)],
] as const)("%s is replaced by the file itself", async (_, prepare) => {
  await prepare();
  expect(await installPlugin({ binDir, from })).toMatchObject({ kind: "installed" });
  expect(await readFile(path, "utf8")).toBe(answering(ANSWER));
  expect((await stat(path)).mode & 0o7777).toBe(0o755);
  await expect(readlink(path)).rejects.toThrow("EINVAL");
});

test("a call that runs goes on with the program that it was started from", async () => {
  // A shell reads its script as it goes: one that was written over would go on with the new text.
  const slow = "#!/bin/sh\necho started\nread line\necho old\n";
  await writeFile(path, slow, { mode: 0o755 });
  const call = spawn(path, [], { stdio: ["pipe", "pipe", "ignore"] });
  await once(call.stdout, "readable");
  await installPlugin({ binDir, from });
  const output = text(call.stdout);
  call.stdin.end("\n");
  expect(await output).toBe("started\nold\n");
});

test("what an install left that was killed goes; strangers stay", async () => {
  await writeFile(join(binDir, ".cluster-ipam.4711.tmp"), "half");
  await utimes(join(binDir, ".cluster-ipam.4711.tmp"), 0, 0);
  for (const stranger of ["host-local", ".cluster-ipam.tmp", "cluster-ipam.1.tmp"]) {
    await writeFile(join(binDir, stranger), "");
  }
  await installPlugin({ binDir, from });
  expect(await readdir(binDir)).toEqual([".cluster-ipam.tmp", "cluster-ipam", "cluster-ipam.1.tmp", "host-local"]);
});

test("several installs at once do not hinder each other", async () => {
  const installs = await Promise.all(Array.from({ length: 6 }, () => installPlugin({ binDir, from })));
  expect(installs.map(({ path: installed }) => installed)).toEqual(installs.map(() => path));
  expect(await readFile(path, "utf8")).toBe(answering(ANSWER));
  expect(await readdir(binDir)).toEqual(["cluster-ipam"]);
});

describe("nothing is installed, and the folder stays as it is,", () => {
  afterEach(async () => {
    expect(await readdir(binDir).catch(() => [])).toEqual([]);
  });

  test("when the folder is missing", async () => {
    await rm(binDir, { recursive: true });
    expect(await failure()).toBe(`${binDir} is missing: it must be the folder in which the runtime looks for plugins`);
  });

  test("when the folder is a file", async () => {
    expect(await failure({ binDir: from })).toBe(`${from} is no folder`);
  });

  test("when the plugin is missing, or no program", async () => {
    expect(await failure({ from: join(folder, "none") })).toBe(`${join(folder, "none")} cannot be read: no such file`);
    await writeFile(from, "kind: ConfigMap\n");
    expect(await failure()).toBe(`${from} is no program`);
  });

  test("when the program is one for another machine", async () => {
    await writeFile(from, Buffer.concat([Buffer.from("\x7fELF\x02\x01\x01", "latin1"), Buffer.alloc(64)]));
    expect(await failure()).toContain("the plugin does not run");
  });

  test.each([
    ["says nothing", "#!/bin/sh\n"],
    ["answers something else", answering("[]")],
    ["is no plugin at all", "#!/bin/sh\nuname\n"],
    ["answers and fails", `${answering(ANSWER)}exit 1\n`],
  ])("when the program %s", async (_, program) => {
    await writeFile(from, program);
    expect(await failure()).toContain("the plugin does not run on this machine: asked for its versions it said ");
  });
});

test("a folder in the plugin's place is told, and stays", async () => {
  await mkdir(path);
  expect(await failure()).toContain(`${path} cannot be replaced`);
  expect(await readdir(binDir)).toEqual(["cluster-ipam"]);
});

test("an older plugin stays when the new one does not run", async () => {
  await installPlugin({ binDir, from });
  await writeFile(from, "#!/bin/sh\nexit 1\n");
  await failure();
  expect(await readFile(path, "utf8")).toBe(answering(ANSWER));
});

test("an installed plugin that runs no longer is told, though it is up to date", async () => {
  await writeFile(from, `#!/bin/sh\n[ -e ${folder}/broken ] || echo '${ANSWER}'\n`);
  await installPlugin({ binDir, from });
  await writeFile(join(folder, "broken"), "");
  await chmod(path, 0o755);
  expect(await failure()).toContain("does not run");
});
