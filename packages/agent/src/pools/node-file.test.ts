import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readNodeFile } from "./node-file.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cluster-ipam-node-file-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function written(text: string): string {
  const path = join(folder, "resolv.conf");
  writeFileSync(path, text);
  return path;
}

test.each(["", "nameserver 10.0.0.2\n", "search dömäin\n", "x".repeat(64 * 1024)])("a file is read whole", (text) => {
  expect(readNodeFile(written(text))).toBe(text);
});

test("a file under /proc, which tells no size, is read", () => {
  expect(readNodeFile("/proc/self/stat")).toMatch(/^[0-9]+ \(/);
});

test("a file that is missing is an error that names it", () => {
  expect(() => readNodeFile(join(folder, "missing"))).toThrow(/ENOENT.*missing/);
});

test("a file that is too large is an error", () => {
  expect(() => readNodeFile(written("x".repeat(64 * 1024 + 1)))).toThrow("is larger than 65536 bytes");
});

test("a pipe without a writer does not hold the agent up", () => {
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  expect(() => readNodeFile(pipe)).toThrow(`${pipe} is no regular file`);
});

test.each(["/dev/zero", "/proc"])("%s is refused", (path) => {
  expect(() => readNodeFile(path)).toThrow(`${path} is no regular file`);
});
