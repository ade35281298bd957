import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LogLines } from "../testing/log-lines.ts";
import { TraceFile } from "./trace-file.ts";

let folder: string;
let path: string;
let lines: LogLines;
let file: TraceFile;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cluster-ipam-trace-"));
  path = join(folder, "trace.jsonl");
  lines = new LogLines();
  file = new TraceFile({ log: lines.log, maxBytes: 100 });
});

afterEach(() => rm(folder, { recursive: true }));

function messages(): readonly unknown[] {
  return lines.all.map(({ msg }) => msg);
}

test("lines come in their order, into a file for its owner only", async () => {
  file.append(path, "é\n");
  file.append(path, "b\n");
  await file.flush();
  file.append(path, "c\n");
  await file.flush();
  expect(await readFile(path, "utf8")).toBe("é\nb\nc\n");
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test("lines of two files do not mix", async () => {
  const other = join(folder, "other");
  for (const [at, target] of [path, other, path].entries()) file.append(target, `${at}\n`);
  await file.flush();
  expect([await readFile(path, "utf8"), await readFile(other, "utf8")]).toEqual(["0\n2\n", "1\n"]);
});

test("a file that is long enough makes room, and no more than two are ever there", async () => {
  const line = (at: number): string => `${String(at).padStart(39, "0")}\n`;
  for (let at = 0; at < 100; at += 1) file.append(path, line(at));
  await file.flush();
  expect((await readdir(folder)).toSorted()).toEqual(["trace.jsonl", "trace.jsonl.1"]);
  expect(await readFile(path, "utf8")).toBe(line(98) + line(99));
  expect(await readFile(`${path}.1`, "utf8")).toBe(line(96) + line(97));
});

test("a line that is longer than a file may be is a file of its own", async () => {
  for (const text of ["a\n", `${"x".repeat(300)}\n`, "b\n"]) {
    file.append(path, text);
    await file.flush();
  }
  expect([await readFile(path, "utf8"), (await readFile(`${path}.1`, "utf8")).length]).toEqual(["b\n", 301]);
});

test("what others have written before counts", async () => {
  await writeFile(path, "y".repeat(99));
  file.append(path, "ab\n");
  await file.flush();
  expect(await readFile(path, "utf8")).toBe("ab\n");
});

test("a file that cannot be written is told once, and again what is missing when it can be", async () => {
  await mkdir(path);
  for (let at = 0; at < 3; at += 1) {
    file.append(path, "lost\n");
    await file.flush();
  }
  expect(messages()).toEqual(["trace cannot be written"]);
  await rm(path, { recursive: true });
  file.append(path, "there\n");
  await file.flush();
  expect(await readFile(path, "utf8")).toBe("there\n");
  expect(lines.all.at(-1)).toMatchObject({ msg: "calls are missing in the trace", calls: 3 });
});

test("what waits for the disk is bounded", async () => {
  const long = "z".repeat(1024 * 1024);
  for (let at = 0; at < 20; at += 1) file.append(path, long);
  await file.flush();
  expect(lines.all).toMatchObject([{ msg: "calls are missing in the trace", calls: 12 }]);
  expect(await readFile(path, "utf8")).toBe(long);
});
