import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeLauncher, writeRuntime } from "./launcher.ts";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cluster-ipam launcher "));
  const dist = join(folder, "dist");
  writeRuntime(dist, process.execPath);
  writeLauncher(dist, {
    name: "probe",
    entry: "unused",
    prelude: "unset NODE_OPTIONS",
    nodeOptions: ["--no-warnings"],
  });
  const report = "[process.argv.slice(2), process.execArgv, process.cwd(), process.env.NODE_OPTIONS ?? null]";
  writeFileSync(join(dist, "lib/probe.js"), `require("node:fs").writeSync(1, JSON.stringify(${report}));`);
  const links = join(folder, "links");
  mkdirSync(links);
  symlinkSync(join(dist, "bin/probe"), join(links, "absolute"));
  symlinkSync("../dist/bin/probe", join(links, "relative"));
  symlinkSync("relative", join(links, "chain"));
  symlinkSync("../dist/bin", join(links, "folder"));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test.for([
  ["by its absolute path", "/", "$/dist/bin/probe"],
  ["by a relative path", "$/dist", "bin/probe"],
  ["by its name in its own folder", "$/dist/bin", "./probe"],
  ["through an absolute link", "/", "$/links/absolute"],
  ["through a relative link, from elsewhere", "/", "$/links/relative"],
  ["through a link to a link", "$/links", "./chain"],
  ["through a link to its folder", "/", "$/links/folder/probe"],
] as const)("a launcher runs %s, whatever its folder and environment", ([, cwdPattern, pathPattern]) => {
  const [cwd, path] = [cwdPattern, pathPattern].map((pattern) => pattern.replace("$", folder)) as [string, string];
  const env = { PATH: "", NODE_OPTIONS: "--require=/no/such/file" };
  const { status, stdout, stderr } = spawnSync(path, ["a b", "", "*"], { cwd, env, encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(JSON.parse(stdout)).toEqual([["a b", "", "*"], ["--no-warnings"], cwd, null]);
});
