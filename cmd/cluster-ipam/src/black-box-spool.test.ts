import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeSpooledRelease } from "@cluster-ipam/cni";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { bootTime } from "./boot-time.ts";
import { ADD, CONFIG } from "./testing/calls.ts";
import { endOf, pluginPrograms, runPlugin, startThroughShell } from "./testing/plugin-process.ts";
import { answering, ScriptedAgent } from "./testing/scripted-agent.ts";

const NOT_READY = answering(503, '{"cniVersion":"1.1.0","code":11,"msg":"not yet"}');

describe.each(pluginPrograms())("on $name a DEL that no agent takes", (program) => {
  let folder: string;
  let agent: ScriptedAgent;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "cluster-ipam-spool-"));
    agent = await ScriptedAgent.start(NOT_READY);
  });
  afterEach(async () => {
    rmSync(folder, { recursive: true, force: true });
    await agent[Symbol.asyncDispose]();
  });

  function delInto(spool: string): Readonly<Record<string, string>> {
    return { ...ADD, CNI_COMMAND: "DEL", CLUSTER_IPAM_SOCKET: agent.path, CLUSTER_IPAM_SPOOL: spool };
  }

  test("is spooled and succeeds, once an agent has had the time to come up", async () => {
    const spool = join(folder, "spool");
    const env = { ...delInto(spool), CLUSTER_IPAM_SOCKET: join(folder, "agent.sock") };
    const beforeNs = bootTime().ns;
    const { status, stdout, stderr, tookMs } = await runPlugin(program, env, CONFIG);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(tookMs).toBeGreaterThan(2900);
    const [name = "", ...more] = readdirSync(spool);
    expect(more).toEqual([]);
    const reading = decodeSpooledRelease(readFileSync(join(spool, name), "utf8"));
    const attachment = { network: "lan", containerId: "c1", ifName: "net1" };
    const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const startedAtNs = BigInt(name.slice(0, 20));
    expect(reading).toEqual({ kind: "release", release: { attachment, startedAtNs, bootId } });
    // The time at which it began, not that at which it gave up.
    expect(startedAtNs).toBeGreaterThan(beforeNs);
    expect(startedAtNs).toBeLessThan(bootTime().ns - 2_900_000_000n);
  });

  test("makes the folders that are missing, all of it the owner's alone", async () => {
    const spool = join(folder, "state", "spool");
    expect(await runPlugin(program, delInto(spool), CONFIG)).toMatchObject({ status: 0, stdout: "", stderr: "" });
    const [name = ""] = readdirSync(spool);
    const modes = [join(folder, "state"), spool, join(spool, name)].map((each) => statSync(each).mode & 0o777);
    expect(modes).toEqual([0o700, 0o700, 0o600]);
  });

  test("succeeds though a file stands in the place of a folder above the spool, and says so", async () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    const { status, stdout, stderr } = await runPlugin(program, delInto(join(file, "spool")), CONFIG);
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
    expect(stderr).toMatch(/^cluster-ipam: .*container c1, interface net1.*ENOTDIR.*\n$/);
  });

  test("succeeds though a file stands in the place of the spool, says so and leaves it alone", async () => {
    const file = join(folder, "file");
    writeFileSync(file, "mine");
    const { status, stdout, stderr } = await runPlugin(program, delInto(file), CONFIG);
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
    expect(stderr).toMatch(/^cluster-ipam: .*container c1, interface net1.*(?:EEXIST|ENOTDIR).*\n$/);
    expect(readFileSync(file, "utf8")).toBe("mine");
  });

  test("succeeds though the spool's name is too long, and says so", async () => {
    const { status, stdout, stderr } = await runPlugin(program, delInto(join(folder, "n".repeat(300))), CONFIG);
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
    expect(stderr).toContain("ENAMETOOLONG");
  });

  test("succeeds though no byte can be written, says so and leaves no part of a file", async () => {
    // A file may not grow at all: as on a full disk, and the kernel adds a signal that ends whoever does not expect it.
    const child = startThroughShell(program, delInto(folder), 'ulimit -f 0; exec "$@"');
    const { status, stdout, stderr } = await endOf(child, CONFIG);
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
    expect(stderr).toContain("EFBIG");
    expect(readdirSync(folder)).toEqual([]);
  });

  test("succeeds without a word though standard error is closed and the spool fails", async () => {
    const child = startThroughShell(program, delInto("/dev/null/spool"), 'exec "$@" 2>&-');
    expect(await endOf(child, CONFIG)).toMatchObject({ status: 0, stdout: "", stderr: "" });
  });
});
