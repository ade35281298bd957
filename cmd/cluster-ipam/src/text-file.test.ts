import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { appendText, readText } from "./text-file.ts";

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cluster-ipam-text-"));
  path = join(folder, "file");
});

afterEach(() => rmSync(folder, { recursive: true }));

describe("reading", () => {
  test.for(["", "é\n", "a".repeat(65_536)])("gives the text of a file", (text) => {
    writeFileSync(path, text);
    expect(readText(path)).toBe(text);
  });

  test("goes no further than 64 KiB", () => {
    writeFileSync(path, `${"a".repeat(65_536)}b`);
    expect(readText(path)).toBe("a".repeat(65_536));
  });

  test("gives nothing for what is missing, for a folder and for a pipe that nobody writes to", () => {
    expect(readText(path)).toBeUndefined();
    expect(readText(folder)).toBeUndefined();
    execFileSync("mkfifo", [path]);
    expect(readText(path)).toBeUndefined();
  });
});

describe("adding", () => {
  test("makes the file, for its owner only, and goes on at its end", () => {
    appendText(path, "é\n", 100);
    appendText(path, "b\n", 100);
    expect(readFileSync(path, "utf8")).toBe("é\nb\n");
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("leaves a file alone that is long enough", () => {
    writeFileSync(path, "1234");
    appendText(path, "x", 4);
    expect(readFileSync(path, "utf8")).toBe("1234");
    appendText(path, "x", 5);
    expect(readFileSync(path, "utf8")).toBe("1234x");
  });

  test("makes no folder, and does not wait for the other end of a pipe", () => {
    expect(() => appendText(join(path, "file"), "x", 9)).toThrow("ENOENT");
    execFileSync("mkfifo", [path]);
    expect(() => appendText(path, "x", 9)).toThrow("ENXIO");
    mkdirSync(join(folder, "folder"));
    expect(() => appendText(join(folder, "folder"), "x", 9)).toThrow("EISDIR");
  });
});
