import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { writeDurably } from "./durable-file.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cluster-ipam-durable-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("a file that cannot be made leaves nothing behind", () => {
  test("where a file stands in the folder's place", () => {
    writeFileSync(join(folder, "spool"), "mine");
    expect(() => writeDurably(join(folder, "spool", "a.json"), "x")).toThrow(/EEXIST|ENOTDIR/);
    expect(readFileSync(join(folder, "spool"), "utf8")).toBe("mine");
  });

  test("where a folder has its name", () => {
    mkdirSync(join(folder, "a.json", "full"), { recursive: true });
    expect(() => writeDurably(join(folder, "a.json"), "x")).toThrow(/EISDIR|ENOTEMPTY/);
    expect(readdirSync(folder)).toEqual(["a.json"]);
  });

  test("where the name is too long", () => {
    expect(() => writeDurably(join(folder, "n".repeat(300)), "x")).toThrow("ENAMETOOLONG");
    expect(readdirSync(folder)).toEqual([]);
  });
});

test("the folders that are missing are made, and all of it is the owner's alone", () => {
  const path = join(folder, "state", "spool", "a.json");
  writeDurably(path, "żółw");
  expect(readFileSync(path, "utf8")).toBe("żółw");
  const modes = [join(folder, "state"), join(folder, "state", "spool"), path].map(
    (each) => statSync(each).mode & 0o777,
  );
  expect(modes).toEqual([0o700, 0o700, 0o600]);
  expect(readdirSync(join(folder, "state", "spool"))).toEqual(["a.json"]);
});

test("a file that is there is replaced as a whole", () => {
  const path = join(folder, "a.json");
  writeDurably(path, "a much longer text");
  writeDurably(path, "short");
  expect(readFileSync(path, "utf8")).toBe("short");
});
