import { copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SEARCH_PATH } from "./src/cni-call.ts";
import { type CommandResult, runCommand } from "./src/command.ts";
import { Run } from "./src/run.ts";
import { toolPath } from "./src/tools.ts";

const OPERATIONS = join(import.meta.dirname, "../../docs/operations.md");
const LOG_FOLDER = "/var/log/cni-calls";

describe("the wrapper that docs/operations.md prints, in the place of host-local,", () => {
  let run: Run;
  let calls: string;
  let environment: Readonly<Record<string, string>>;
  let config: string;

  beforeAll(async () => {
    run = await Run.open();
    const bin = join(run.folder, "bin");
    calls = join(run.folder, "calls");
    await Promise.all([mkdir(bin), mkdir(calls)]);
    await copyFile(toolPath("host-local"), join(bin, "host-local.real"));
    const [, script = ""] =
      /```sh\n(#!\/bin\/sh\n# In the place of a plugin.*?)```/s.exec(await text(OPERATIONS)) ?? [];
    expect(script).toContain(LOG_FOLDER);
    await writeFile(join(bin, "host-local"), script.replaceAll(LOG_FOLDER, calls), { mode: 0o755 });
    environment = {
      PATH: SEARCH_PATH,
      CNI_CONTAINERID: "c1",
      CNI_NETNS: "/run/netns/absent",
      CNI_IFNAME: "net1",
      CNI_PATH: bin,
    };
    const ipam = { type: "host-local", dataDir: join(run.folder, "data"), subnet: "10.9.9.0/29" };
    config = JSON.stringify({ cniVersion: "1.0.0", name: "wrapped", type: "macvlan", ipam });
  });
  afterAll(() => run.close());

  it("changes nothing that the caller sees, and keeps what went in and came out", async () => {
    const added = await call("ADD");
    expect(added).toMatchObject({ exitCode: 0, stderr: "" });
    expect(JSON.parse(added.stdout)).toMatchObject({ ips: [{ address: expect.stringMatching(/^10\.9\.9\.\d\/29$/) }] });
    const kept = await keptCall();
    expect(kept).toMatchObject({ stdin: config, stdout: added.stdout, stderr: "", status: "0\n" });
    expect(kept.environment.split("\n")).toContain("CNI_COMMAND=ADD");
  });

  it("passes a failure on with its status", async () => {
    const failed = await call("ADD", "{");
    expect(failed.exitCode).toBe(1);
    expect(JSON.parse(failed.stdout)).toMatchObject({ code: expect.any(Number) });
    expect(await keptCall()).toMatchObject({ stdin: "{", stdout: failed.stdout, status: "1\n" });
  });

  it("calls the plugin also where it cannot keep anything", async () => {
    await rm(calls, { recursive: true });
    const released = await call("DEL");
    expect(released).toMatchObject({ exitCode: 0, stdout: "" });
    await mkdir(calls);
  });

  function call(command: string, input: string = config): Promise<CommandResult> {
    const env = { ...environment, CNI_COMMAND: command };
    return runCommand([join(environment["CNI_PATH"] ?? "", "host-local")], { env, input, timeoutMs: 30_000 });
  }

  /** The files of the one call that was kept. */
  async function keptCall(): Promise<
    Readonly<Record<"environment" | "stdin" | "stdout" | "stderr" | "status", string>>
  > {
    const [folder = "", ...others] = await readdir(calls);
    expect(others).toEqual([]);
    const read = (name: string): Promise<string> => text(join(calls, folder, name));
    const kept = {
      environment: await read("environment"),
      stdin: await read("stdin"),
      stdout: await read("stdout"),
      stderr: await read("stderr"),
      status: await read("status"),
    };
    await rm(join(calls, folder), { recursive: true });
    return kept;
  }

  function text(path: string): Promise<string> {
    return readFile(path, "utf8");
  }
});
