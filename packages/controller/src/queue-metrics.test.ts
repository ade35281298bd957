import { loadMetricRegistry, type MetricRegistry } from "@cluster-ipam/telemetry";
import { beforeEach, expect, test } from "vitest";
import { QueueMetrics } from "./queue-metrics.ts";

let registry: MetricRegistry;
let metrics: QueueMetrics;

beforeEach(async () => {
  registry = await loadMetricRegistry();
  metrics = new QueueMetrics(registry, "x_");
});

async function series(name: RegExp): Promise<readonly string[]> {
  return (await registry.text()).split("\n").filter((line) => name.test(line) && !line.startsWith("#"));
}

test("the depth of a queue is read at each asking, until there is none", async () => {
  const depth = { waiting: 7, running: 1 };
  metrics.watch("pool-status", depth);
  metrics.watch("kept-leases", { waiting: 0, running: 0 });
  depth.waiting = 5;
  expect(await series(/waiting|running/)).toEqual([
    'x_queue_waiting{queue="pool-status"} 5',
    'x_queue_waiting{queue="kept-leases"} 0',
    'x_queue_running{queue="pool-status"} 1',
    'x_queue_running{queue="kept-leases"} 0',
  ]);
  metrics.watch("pool-status", undefined);
  expect(await series(/waiting/)).toEqual(['x_queue_waiting{queue="kept-leases"} 0']);
});

test("work has its wait and its time, and is a failure or none", async () => {
  const report = { key: "lab", waitedMs: 500, durationMs: 20 };
  metrics.worked("pool-status", report);
  expect(await series(/failures/)).toEqual([]);
  metrics.worked("pool-status", { ...report, failure: { error: new Error("no"), failures: 1, pauseMs: 200 } });
  expect(await series(/_sum|_count|failures/)).toEqual([
    'x_queue_wait_seconds_sum{queue="pool-status"} 1',
    'x_queue_wait_seconds_count{queue="pool-status"} 2',
    'x_queue_work_duration_seconds_sum{queue="pool-status"} 0.04',
    'x_queue_work_duration_seconds_count{queue="pool-status"} 2',
    'x_queue_failures_total{queue="pool-status"} 1',
  ]);
});
