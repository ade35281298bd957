// Writes what of the chart is made from something else: the custom resource definitions, and the table of values in its
// README.
import { copyFileSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { formatTable, readValues } from "./values-table.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const CHART = join(ROOT, "charts/cluster-ipam");
const BEGIN = "<!-- values: written from values.yaml by scripts/chart/main.ts -->";
const END = "<!-- end of values -->";

function copyDefinitions(): void {
  const folder = join(CHART, "files/crds");
  mkdirSync(folder, { recursive: true });
  for (const name of globSync("*.yaml", { cwd: folder })) rmSync(join(folder, name));
  for (const name of globSync("*.yaml", { cwd: join(ROOT, "crds") })) {
    copyFileSync(join(ROOT, "crds", name), join(folder, name));
  }
}

function writeReadme(): void {
  const path = join(CHART, "README.md");
  const text = readFileSync(path, "utf8");
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin === -1 || end < begin) throw new Error(`${path} has no ${BEGIN} and ${END}`);
  const table = formatTable(readValues(readFileSync(join(CHART, "values.yaml"), "utf8")));
  writeFileSync(path, `${text.slice(0, begin + BEGIN.length)}\n\n${table}\n\n${text.slice(end)}`);
}

copyDefinitions();
writeReadme();
