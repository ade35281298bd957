import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { CHART_FOLDER } from "./tools.ts";

/** One rule of a Role or ClusterRole. */
export interface RoleRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** A file of rules in the chart. */
export type RuleFile = "agent" | "agent-inline-pools" | "controller" | "controller-election";

/** The rules that the chart gives a program, as they stand in its files: tests and clusters have the same. */
export async function readChartRules(name: RuleFile): Promise<readonly RoleRule[]> {
  return parse(await readFile(join(CHART_FOLDER, "files/rbac", `${name}.yaml`), "utf8")) as readonly RoleRule[];
}
