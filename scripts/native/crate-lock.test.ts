import { mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { keepCargoLock, restoreSources, stripSources, writeCargoLock } from "./crate-lock.ts";

const KEPT = join(resolve(import.meta.dirname, "../.."), "cmd/cluster-ipam/native/crates.lock");

function crateFolder(kept: string): string {
  const folder = mkdtempSync(join(tmpdir(), "cluster-ipam-crate-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "crates.lock"), kept);
  return folder;
}

test("what git keeps names no registry, and Cargo's own file comes out of it and goes into it again", () => {
  const kept = readFileSync(KEPT, "utf8");
  const folder = crateFolder(kept);
  writeCargoLock(folder);
  const restored = readFileSync(join(folder, "Cargo.lock"), "utf8");
  expect(kept).not.toContain("source =");
  expect(restored.match(/^source = /gm)).toHaveLength(kept.match(/^checksum = /gm)?.length ?? 0);
  keepCargoLock(folder);
  expect(readFileSync(join(folder, "crates.lock"), "utf8")).toBe(kept);
});

test("a crate of ours has no source, and one from anywhere else keeps its own", () => {
  const ours = '[[package]]\nname = "ours"\nversion = "0.1.0"\n';
  const foreign = '[[package]]\nname = "foreign"\nversion = "1.0.0"\nsource = "git+https://example.org/x"\n';
  expect(restoreSources(ours + foreign)).toBe(ours + foreign);
  expect(stripSources(ours + foreign)).toBe(ours + foreign);
});

test("a Cargo.lock that is right already is left alone, so that nothing is built again", () => {
  const folder = crateFolder('[[package]]\nname = "a"\nversion = "1.0.0"\nchecksum = "00"\n');
  const path = join(folder, "Cargo.lock");
  writeCargoLock(folder);
  utimesSync(path, 1, 1);
  writeCargoLock(folder);
  expect(statSync(path).mtimeMs).toBe(1000);
  writeFileSync(path, "something else");
  writeCargoLock(folder);
  expect(readFileSync(path, "utf8")).toContain('name = "a"');
});
