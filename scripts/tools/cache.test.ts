import { mkdirSync, readdirSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeTemporaryFolder } from "../test/temporary-folder.ts";
import { cachedPath, pruneCache, writeLinks } from "./cache.ts";

const MODULE = { name: "cni", folder: "unused", hash: "0123456789abcdef", tools: [] };

test("pruning keeps the pinned versions and other modules, and removes old versions and unfinished files", () => {
  const cache = makeTemporaryFolder();
  const folders = ["cni-0123456789abcdef", "cni-fedcba9876543210", "cni-extra-fedcba9876543210", "bin"];
  for (const name of folders) mkdirSync(join(cache, name, "bin"), { recursive: true });
  const complete = cachedPath(cache, MODULE, "bridge");
  writeFileSync(complete, "");
  mkdirSync(join(cache, "cni-0123456789abcdef/bin/.bridge.4711/go-build"), { recursive: true });
  pruneCache(cache, [MODULE]);
  expect(readdirSync(cache).toSorted()).toEqual(["bin", "cni-0123456789abcdef", "cni-extra-fedcba9876543210"]);
  expect(readdirSync(join(cache, "cni-0123456789abcdef/bin"))).toEqual(["bridge"]);
});

test("the folder of links holds exactly the given ones, relative where they stay in the cache", () => {
  const cache = makeTemporaryFolder();
  const folder = join(cache, "bin");
  writeLinks(
    folder,
    new Map([
      ["bridge", "/old/bridge"],
      ["gone", "/old/gone"],
    ]),
  );
  writeLinks(
    folder,
    new Map([
      ["bridge", cachedPath(cache, MODULE, "bridge")],
      ["kubectl", "/usr/bin/kubectl"],
    ]),
  );
  expect(readdirSync(folder).toSorted()).toEqual(["bridge", "kubectl"]);
  expect(readlinkSync(join(folder, "bridge"))).toBe("../cni-0123456789abcdef/bin/bridge");
  expect(readlinkSync(join(folder, "kubectl"))).toBe("/usr/bin/kubectl");
});
