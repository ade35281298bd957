import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Finished, run, runModel } from "./src/child-run.ts";
import { copySources, listMistakes, type Mistake } from "./src/source-copy.ts";

/** So many seeds are enough to find any of the mistakes; without one they find nothing. */
const SEEDS = "1-1000";
const TIMEOUT_MS = 600_000;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cluster-ipam-model-"));
  await copySources(folder);
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const mistakes = await listMistakes();

test("forty mistakes at least are planted", () => {
  expect(mistakes.length).toBeGreaterThanOrEqual(40);
});

test.for(mistakes)("the model finds $name", { timeout: TIMEOUT_MS }, async (mistake) => {
  await plant(mistake);
  const { status, output } = await runModel(folder, SEEDS, "whole");
  expect({ status, output }).toMatchObject({ status: 1, output: expect.stringMatching(/^seed \d+ breaks a rule \[/m) });
  const [, rule = ""] = /breaks a rule \[([a-z-]+)\]/.exec(output) ?? [];
  expect(await rulesBrokenBy(mistake)).toContain(rule);
  expect(output).toMatch(/^ *1\. +0\.000 s {2}n1: agent 1 starts$/m);
  expect(output).toMatch(/^again: make model SEEDS=\d+$/m);
});

test("without a mistake the same seeds find nothing in the same copy", { timeout: TIMEOUT_MS }, async () => {
  const { status, output } = await runModel(folder, SEEDS);
  expect({ status, output }).toMatchObject({ status: 0, output: expect.stringContaining("1000 seeds hold") });
});

/** Applies the patch to the copy. */
async function plant({ name, path }: Mistake): Promise<void> {
  const { status, output }: Finished = await run("git", ["apply", path], folder);
  if (status === 0) return;
  throw new Error(
    `mistakes/${name}.patch does not apply any more: renew it for the modules as they are now\n${output}`,
  );
}

/** Rules that the patch says it breaks. */
async function rulesBrokenBy({ path }: Mistake): Promise<readonly string[]> {
  const [, rules = ""] = /^Breaks: (.+)$/m.exec(await readFile(path, "utf8")) ?? [];
  return rules.split(", ");
}
