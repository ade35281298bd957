// Prints what the reports in .cache/reports say: the skipped tests by name, then `N passed, N failed` as the last line.
// Exit status 1 when a test failed, or when none ran.
import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { countTests, type Report } from "./report.ts";

const ROOT = resolve(import.meta.dirname, "../..");

const reports = globSync(join(ROOT, ".cache/reports/*.json")).map(
  (path) => JSON.parse(readFileSync(path, "utf8")) as Report,
);
const { passed, failed, skipped } = countTests(reports);
const lines = [...skipped.map((name) => `skipped: ${name}`), `${passed} passed, ${failed} failed`];
process.stdout.write(`${lines.join("\n")}\n`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
