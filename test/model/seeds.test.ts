import { resolve } from "node:path";
import { expect, test } from "vitest";
import { runModel } from "./src/child-run.ts";

const ROOT = resolve(import.meta.dirname, "../..");
/** One to two minutes on two cores; the rest is for a machine that has other work. */
const TIMEOUT_MS = 600_000;

test("ten thousand seeds hold", { timeout: TIMEOUT_MS }, async () => {
  const { status, output } = await runModel(ROOT, "1-10000");
  expect({ status, output }).toMatchObject({ status: 0, output: expect.stringContaining("10000 seeds hold") });
});

test.for(["", "x", "5-1", "1-99999999999"])('"%s" is no range of seeds, which is said', async (seeds) => {
  const { status, output } = await runModel(ROOT, seeds);
  expect({ status, output }).toMatchObject({ status: 2, output: expect.stringContaining("neither a seed such as") });
});
