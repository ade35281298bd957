import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { loadMetricRegistry } from "@cluster-ipam/telemetry";
import { expect, test } from "vitest";
import { ControllerMetrics } from "./controller-metrics.ts";

const OPERATIONS = join(import.meta.dirname, "../../../docs/operations.md");

test("every metric is explained in docs/operations.md, and nothing else is", async () => {
  const registry = await loadMetricRegistry();
  new ControllerMetrics(registry, "1.2.3").watch({ isLeading: false });
  const names = [...(await registry.text()).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
  const rows = [...(await readFile(OPERATIONS, "utf8")).matchAll(/^\| `(cluster_ipam_controller_\w+)` \|/gm)];
  expect(rows).toHaveLength(names.length);
  expect(new Set(rows.map(([, name]) => name))).toEqual(new Set(names));
});
