import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  IMPORT_RULE,
  OTHER_PLANTED,
  type PlantedFile,
  plantAllowedImports,
  plantForbiddenImports,
} from "./planted-files.ts";

const ROOT = resolve(import.meta.dirname, "../..");

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cluster-ipam-fences-"));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface LintOutput {
  readonly diagnostics: readonly { readonly filename: string; readonly code: string }[];
}

/** Lints files under the repository's configuration. Returns `path rule` for each rule that a file breaks. */
function lint(files: readonly PlantedFile[]): readonly string[] {
  const top = mkdtempSync(join(folder, "tree-"));
  for (const name of [".oxlintrc.json", "tsconfig.base.json"]) copyFileSync(join(ROOT, name), join(top, name));
  symlinkSync(join(ROOT, "node_modules"), join(top, "node_modules"));
  writeFileSync(join(top, "tsconfig.json"), '{ "extends": "./tsconfig.base.json", "include": ["**/*.ts"] }');
  for (const { path, text } of files) {
    mkdirSync(dirname(join(top, path)), { recursive: true });
    writeFileSync(join(top, path), text);
  }
  const oxlint = join(top, "node_modules/.bin/oxlint");
  const { stdout } = spawnSync(oxlint, ["--format", "json"], { cwd: top, encoding: "utf8" });
  const { diagnostics } = JSON.parse(stdout) as LintOutput;
  return diagnostics.map(({ filename, code }) => `${filename} ${code}`);
}

const expected = (files: readonly PlantedFile[]): readonly string[] => files.map(({ path, rule }) => `${path} ${rule}`);

test("every import that the layout forbids is an error", () => {
  const files = plantForbiddenImports();
  expect(lint(files)).toEqual(expect.arrayContaining([...expected(files)]));
});

test("no import that the layout allows is an error", () => {
  expect(lint(plantAllowedImports()).filter((found) => found.endsWith(IMPORT_RULE))).toEqual([]);
});

test("every other fence stops the file that is planted behind it", () => {
  expect(lint(OTHER_PLANTED)).toEqual(expect.arrayContaining([...expected(OTHER_PLANTED)]));
});
