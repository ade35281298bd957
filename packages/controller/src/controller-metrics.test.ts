import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { loadMetricRegistry } from "@cluster-ipam/telemetry";
import { expect, test } from "vitest";
import { ControllerMetrics } from "./controller-metrics.ts";

const OPERATIONS = join(import.meta.dirname, "../../../docs/operations.md");

test("what a watch goes through is counted by its resource, and what is a mistake is there before it happens", async () => {
  const registry = await loadMetricRegistry();
  const metrics = new ControllerMetrics(registry, "1.2.3");
  const meter = metrics.informer("ippools");
  const series = async (): Promise<readonly string[]> =>
    (await registry.text()).split("\n").filter((line) => line.includes('resource="ippools"'));
  expect(await series()).toEqual(['cluster_ipam_controller_watch_handler_failures_total{resource="ippools"} 0']);
  meter.listed(3, 20);
  meter.watchEnded({ kind: "closed" }, 0);
  meter.readFailed({ kind: "unreachable", message: "reset" }, 200);
  meter.handlerFailed(new Error("oops"));
  expect(await series()).toEqual([
    'cluster_ipam_controller_lists_total{resource="ippools"} 1',
    'cluster_ipam_controller_watches_ended_total{resource="ippools",ending="closed"} 1',
    'cluster_ipam_controller_list_failures_total{resource="ippools"} 1',
    'cluster_ipam_controller_watch_handler_failures_total{resource="ippools"} 1',
  ]);
});

test("every metric is explained in docs/operations.md, and nothing else is", async () => {
  const registry = await loadMetricRegistry();
  new ControllerMetrics(registry, "1.2.3").watch({ isLeading: false });
  const names = [...(await registry.text()).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
  const rows = [...(await readFile(OPERATIONS, "utf8")).matchAll(/^\| `(cluster_ipam_controller_\w+)` \|/gm)];
  expect(rows).toHaveLength(names.length);
  expect(new Set(rows.map(([, name]) => name))).toEqual(new Set(names));
});
