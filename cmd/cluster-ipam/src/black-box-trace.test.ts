import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TRACE_MAX_BYTES } from "@cluster-ipam/cni";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ADD, CONFIG } from "./testing/calls.ts";
import { type Ended, pluginPrograms, runPlugin } from "./testing/plugin-process.ts";
import { answering, ScriptedAgent } from "./testing/scripted-agent.ts";

const NOT_READY = answering(503, '{"cniVersion":"1.1.0","code":11,"msg":"not yet"}');
const VERSION = { CNI_COMMAND: "VERSION" };

describe.each(pluginPrograms())("on $name the trace", (program) => {
  let folder: string;
  let control: string;
  let trace: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "cluster-ipam-trace-"));
    control = join(folder, "trace.on");
    trace = join(folder, "trace.jsonl");
    writeFileSync(control, "");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function call(env: Readonly<Record<string, string>>, stdin: string = CONFIG): Promise<Ended> {
    return runPlugin(program, { CLUSTER_IPAM_SPOOL: join(folder, "spool"), ...env }, stdin);
  }

  function replaceControl(make: (path: string) => void): void {
    rmSync(control);
    make(control);
  }

  function lines(path: string = trace): readonly Record<string, unknown>[] {
    const text = readFileSync(path, "utf8").trimEnd();
    return text.split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  test("has a line for a call that does not decode, with its time, input and output", async () => {
    const beforeMs = Date.now();
    const stdin = '{"cniVersion":"1.1.0","name":"é","token":"hunter2","x":"\\ud800"}';
    const { status, stdout, stderr } = await call({ ...ADD, CNI_ARGS: "IgnoreUnknown=1;PASSWORD=hunter2" }, stdin);
    expect({ status, stderr }).toEqual({ status: 1, stderr: "" });
    const [line, ...more] = lines();
    expect(more).toEqual([]);
    expect(line).toEqual({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      by: "plugin",
      command: "ADD",
      containerId: ADD.CNI_CONTAINERID,
      ifName: ADD.CNI_IFNAME,
      exitCode: 1,
      durationMs: expect.any(Number),
      env: { ...ADD, CNI_ARGS: "IgnoreUnknown=1;PASSWORD=(hidden)" },
      stdin: { cniVersion: "1.1.0", name: "é", token: "(hidden)", x: "\ud800" },
      stdout,
    });
    const timeMs = Date.parse(String(line?.["time"]));
    expect(timeMs).toBeGreaterThanOrEqual(beforeMs);
    expect(timeMs).toBeLessThanOrEqual(Date.now());
    expect(statSync(trace).mode & 0o777).toBe(0o600);
  });

  test("has a line for VERSION, and for a DEL that went to the spool", async () => {
    await using agent = await ScriptedAgent.start(NOT_READY);
    await call(VERSION);
    const del = { ...ADD, CNI_COMMAND: "DEL", CLUSTER_IPAM_SOCKET: agent.path };
    expect(await call(del)).toMatchObject({ status: 0, stdout: "", stderr: "" });
    expect(lines()).toMatchObject([
      { command: "VERSION", exitCode: 0, stdout: expect.stringContaining("supportedVersions") },
      { command: "DEL", exitCode: 0, stdout: "", stdin: JSON.parse(CONFIG) },
    ]);
    expect(readdirSync(join(folder, "spool"))).toHaveLength(1);
  });

  test("goes where the control file says", async () => {
    const other = join(folder, "é trace");
    writeFileSync(control, `${other}\n`);
    await call(VERSION);
    expect(lines(other)).toHaveLength(1);
  });

  test("has no line for a call that the agent answered", async () => {
    await using agent = await ScriptedAgent.start(answering(200, '{"cniVersion":"1.1.0"}'));
    await call({ ...ADD, CLUSTER_IPAM_SOCKET: agent.path });
    expect(readdirSync(folder)).toEqual(["trace.on"]);
  });

  test("has whole lines when many calls come at once", async () => {
    const stdin = JSON.stringify({ cniVersion: "9", name: "lan", filling: "x".repeat(20_000) });
    await Promise.all(Array.from({ length: 8 }, () => call(ADD, stdin)));
    expect(lines()).toHaveLength(8);
  });

  test("does not grow past its bound", async () => {
    writeFileSync(trace, "");
    truncateSync(trace, TRACE_MAX_BYTES);
    await call(VERSION);
    expect(statSync(trace).size).toBe(TRACE_MAX_BYTES);
  });

  const obstacles: readonly (readonly [string, () => void])[] = [
    ["is off", () => rmSync(control)],
    ["is switched by a folder", () => replaceControl((path) => mkdirSync(path))],
    ["is switched by a pipe", () => replaceControl(makePipe)],
    ["leads into a folder that is missing", () => writeFileSync(control, "/nonexistent/trace\n")],
    ["leads into a folder", () => mkdirSync(trace)],
    ["leads into a pipe that nobody reads", () => makePipe(trace)],
    ["leads to a file that takes nothing", () => writeFileSync(control, "/dev/full\n")],
  ];

  test.each(obstacles)("keeps no call from its answer where it %s", async (_, prepare) => {
    prepare();
    const { status, stdout, stderr } = await call(VERSION);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({ supportedVersions: expect.any(Array) });
  });
});

function makePipe(path: string): void {
  execFileSync("mkfifo", [path]);
}
