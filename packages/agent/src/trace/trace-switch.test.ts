import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LogLines } from "../testing/log-lines.ts";
import { TraceSwitch } from "./trace-switch.ts";

let stateFolder: string;
let control: string;
let nowMs: number;
let lines: LogLines;
let trace: TraceSwitch;

beforeEach(() => {
  stateFolder = mkdtempSync(join(tmpdir(), "cluster-ipam-trace-"));
  control = join(stateFolder, "trace.on");
  nowMs = 0;
  lines = new LogLines();
  trace = newSwitch();
});

afterEach(() => rmSync(stateFolder, { recursive: true }));

function newSwitch(): TraceSwitch {
  return new TraceSwitch({ stateFolder, clock: { nowMs: () => nowMs }, log: lines.log });
}

function messages(): readonly unknown[] {
  return lines.all.map(({ msg }) => msg);
}

describe("the control file", () => {
  test("switches the trace on and off, within a second", () => {
    expect(trace.path).toBeUndefined();
    writeFileSync(control, "");
    nowMs += 999;
    expect(trace.path).toBeUndefined();
    nowMs += 1;
    expect(trace.path).toBe(join(stateFolder, "trace.jsonl"));
    rmSync(control);
    expect(trace.path).toBe(join(stateFolder, "trace.jsonl"));
    nowMs += 1_000;
    expect(trace.path).toBeUndefined();
    expect(messages()).toEqual(["trace is on", "trace is off"]);
  });

  test("names the trace's file in its first line", () => {
    writeFileSync(control, "/var/log/a.jsonl\nsince the incident\n");
    expect(trace.path).toBe("/var/log/a.jsonl");
    writeFileSync(control, "/var/log/other.jsonl\n");
    nowMs += 1_000;
    expect(trace.path).toBe("/var/log/other.jsonl");
  });

  test("that is a folder or a pipe is none, and nobody waits for its other end", () => {
    mkdirSync(control);
    expect(trace.path).toBeUndefined();
    rmSync(control, { recursive: true });
    execFileSync("mkfifo", [control]);
    nowMs += 1_000;
    expect(trace.path).toBeUndefined();
  });

  test("of a folder that is missing is none", () => {
    const missing = new TraceSwitch({
      stateFolder: join(stateFolder, "missing"),
      clock: { nowMs: () => nowMs },
      log: lines.log,
    });
    expect(missing.path).toBeUndefined();
    expect(messages()).toEqual([]);
  });

  test("that cannot be looked at is told once, and no call fails", () => {
    const file = join(stateFolder, "file");
    writeFileSync(file, "");
    const odd = new TraceSwitch({
      stateFolder: join(file, "x".repeat(5_000)),
      clock: { nowMs: () => nowMs },
      log: lines.log,
    });
    expect(odd.path).toBeUndefined();
    expect(messages()).toEqual(["trace's control file cannot be read"]);
    nowMs += 5_000;
    expect(odd.path).toBeUndefined();
    expect(messages()).toHaveLength(1);
  });
});

describe("the flag", () => {
  test("writes the control file, for its owner only, so that the plugin follows", () => {
    trace.applyFlag("/var/log/t.jsonl");
    expect(readFileSync(control, "utf8").split("\n")[0]).toBe("/var/log/t.jsonl");
    expect(statSync(control).mode & 0o777).toBe(0o600);
    expect(trace.path).toBe("/var/log/t.jsonl");
  });

  test("is taken back by a start without it, or replaced by another", () => {
    trace.applyFlag("/var/log/t.jsonl");
    newSwitch().applyFlag("/var/log/u.jsonl");
    expect(newSwitch().path).toBe("/var/log/u.jsonl");
    newSwitch().applyFlag(undefined);
    expect(newSwitch().path).toBeUndefined();
  });

  test("can be undone at run time, and stays so", () => {
    trace.applyFlag("/var/log/t.jsonl");
    rmSync(control);
    nowMs += 1_000;
    expect(trace.path).toBeUndefined();
  });

  test.each(["/var/log/mine.jsonl\n", ""])("leaves a switch alone that was thrown by hand: %j", (text) => {
    writeFileSync(control, text);
    newSwitch().applyFlag(undefined);
    expect(messages()).toEqual([]);
    newSwitch().applyFlag("/var/log/t.jsonl");
    expect(readFileSync(control, "utf8")).toBe(text);
    expect(messages()).toEqual(["trace is switched by hand, flag is passed over"]);
  });

  test("that cannot be followed is told, and the agent starts", () => {
    mkdirSync(control);
    trace.applyFlag("/var/log/t.jsonl");
    expect(messages()).toEqual(["trace cannot be switched"]);
  });
});
