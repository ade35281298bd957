// Runs vitest projects: `main.ts PROJECT... [-- FILTER...]`. All of them without a filter is the whole test, which holds
// the coverage gate. The JSON report goes to .cache/reports, where .ci/run reads it.
import { rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { createVitest } from "vitest/node";

const ROOT = resolve(import.meta.dirname, "../..");
const PROJECTS = ["unit", "integration", "model", "chaos"];

const { positionals, tokens } = parseArgs({ allowPositionals: true, tokens: true });
const separator = tokens.findIndex(({ kind }) => kind === "option-terminator");
const projects = separator === -1 ? positionals : positionals.slice(0, separator);
const filters = separator === -1 ? [] : positionals.slice(separator);
const report = join(ROOT, ".cache/reports", `${projects.join("-")}.json`);
const isWhole = filters.length === 0 && PROJECTS.every((name) => projects.includes(name));

// Those of other projects stay: what runs project after project reads them all.
rmSync(report, { force: true });
const vitest = await createVitest("test", {
  root: ROOT,
  project: projects,
  watch: false,
  reporters: ["default", ["json", { outputFile: report }]],
  coverage: { enabled: isWhole },
});

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  // Vitest's own handler ends the process at once and leaves network namespaces behind. So the running test and its
  // clean-up come to their end, and the others are skipped.
  process.removeAllListeners(signal);
  process.on(signal, () => void vitest.cancelCurrentRun("keyboard-input"));
}

await vitest.start(filters);
await vitest.exit();
