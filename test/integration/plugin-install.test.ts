import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SEARCH_PATH } from "./src/cni-call.ts";
import { type CommandResult, runCommand } from "./src/command.ts";
import { Run } from "./src/run.ts";
import { toolPath } from "./src/tools.ts";

const INSTALLS = 20;
const CALLERS = 4;
const TIMEOUT_MS = 60_000;

describe("cluster-ipam-agent install", () => {
  let run: Run;
  let plugins: readonly [string, string];

  beforeAll(async () => {
    run = await Run.open();
    plugins = [join(run.folder, "one"), join(run.folder, "other")];
    for (const plugin of plugins) {
      await writeFile(plugin, `#!/bin/sh\n# ${plugin}\nexec ${toolPath("cluster-ipam")} "$@"\n`);
    }
  });
  afterAll(() => run.close());

  it("says what it did, once as done and then as up to date", async () => {
    const binDir = await folder("said");
    const path = join(binDir, "cluster-ipam");
    const line = (kind: string): RegExp =>
      new RegExp(`^cluster-ipam-agent: ${path}: ${kind} \\(version \\S+, \\d+ bytes\\)\n$`);
    expect((await install(binDir)).stdout).toMatch(line("installed"));
    expect((await install(binDir)).stdout).toMatch(line("up to date"));
    expect(await versions(path)).toContain("1.1.0");
  });

  it("installs the plugin that lies beside the agent, unless it is told another", async () => {
    const binDir = await folder("beside");
    const { stdout } = await command(["--bin-dir", binDir]);
    expect(stdout).toContain(": installed ");
    const [installed, built] = await Promise.all([join(binDir, "cluster-ipam"), toolPath("cluster-ipam")].map(bytesOf));
    expect(installed?.equals(built ?? Buffer.alloc(0))).toBe(true);
  });

  it("fails no call, while it puts one plugin in the place of another again and again", async () => {
    const binDir = await folder("busy");
    const path = join(binDir, "cluster-ipam");
    await install(binDir);
    const ended = new AbortController();
    const callers = Array.from({ length: CALLERS }, async () => {
      let calls = 0;
      for (; !ended.signal.aborted; calls += 1) expect(await versions(path)).toContain("1.1.0");
      return calls;
    });
    try {
      for (let at = 1; at <= INSTALLS; at += 1) {
        const from = plugins[at % 2] ?? "";
        expect((await install(binDir, { from })).stdout).toContain(": installed ");
        expect(await readFile(path, "utf8")).toContain(from);
      }
    } finally {
      ended.abort();
      const counts = await Promise.all(callers);
      expect(Math.min(...counts)).toBeGreaterThan(0);
    }
    expect(await readdir(binDir)).toEqual(["cluster-ipam"]);
  });

  it.for([
    ["lets no program run", "mount -t tmpfs -o noexec tmpfs", "lets no program run (noexec): permission denied"],
    ["is full", "mount -t tmpfs -o size=4k,nr_inodes=1 tmpfs", "cannot be written to: no space is left on the device"],
    ["is read-only", "mount -t tmpfs -o ro tmpfs", "cannot be written to: the file system is read-only"],
  ] as const)("leaves no file where the file system %s, and says so", async ([name, mount, message]) => {
    const binDir = await folder(name.replaceAll(" ", "-"));
    // The mount is the command's own, and is gone with it.
    const script = `${mount} "$0" || exit 99; "$@"; status=$?; ls -A "$0" >&2; exit $status`;
    const prefix = ["unshare", "--mount", "--", "sh", "-c", script, binDir];
    const result = await install(binDir, { prefix });
    expect(result).toMatchObject({ exitCode: 1, stdout: "" });
    expect(result.stderr).toMatch(/^cluster-ipam-agent: [^\n]+\n$/);
    expect(result.stderr).toContain(message);
  });

  it("names what is wrong with its command line, and what is expected", async () => {
    const outcomes = await Promise.all([command([]), command(["--bin-dir", "bin"]), command(["--bin-dir", "/", "x"])]);
    expect(outcomes.map(({ exitCode }) => exitCode)).toEqual([64, 64, 64]);
    expect(outcomes.map(({ stderr }) => stderr.split("\n")[0])).toEqual([
      "cluster-ipam-agent: --bin-dir is missing: expected an absolute path",
      'cluster-ipam-agent: --bin-dir is "bin": expected an absolute path',
      expect.stringContaining("'x'"),
    ]);
    expect((await command(["--help"])).stdout).toContain("--bin-dir FOLDER");
  });

  async function folder(name: string): Promise<string> {
    const path = join(run.folder, name);
    await mkdir(path);
    return path;
  }

  function bytesOf(path: string): Promise<Buffer> {
    return readFile(path);
  }

  function install(
    binDir: string,
    { from = plugins[0], prefix = [] }: { readonly from?: string; readonly prefix?: readonly string[] } = {},
  ): Promise<CommandResult> {
    return command(["--bin-dir", binDir, "--from", from], prefix);
  }

  function command(args: readonly string[], prefix: readonly string[] = []): Promise<CommandResult> {
    const argv = [...prefix, toolPath("cluster-ipam-agent"), "install", ...args];
    return runCommand(argv, { env: { PATH: SEARCH_PATH }, timeoutMs: TIMEOUT_MS });
  }

  async function versions(path: string): Promise<readonly string[]> {
    const env = { PATH: SEARCH_PATH, CNI_COMMAND: "VERSION" };
    const { exitCode, stdout, stderr } = await runCommand([path], { env, timeoutMs: TIMEOUT_MS });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    return (JSON.parse(stdout) as { supportedVersions: readonly string[] }).supportedVersions;
  }
});
