import type { IPPoolStatus } from "@cluster-ipam/api";
import { loadMetricRegistry, type MetricRegistry } from "@cluster-ipam/telemetry";
import { beforeEach, expect, test } from "vitest";
import { PoolMetrics } from "./pool-metrics.ts";

const EXHAUSTED = {
  type: "Exhausted",
  reason: "NoAddressFree",
  message: "",
  lastTransitionTime: "2026-03-01T12:00:00Z",
};

let registry: MetricRegistry;
let isLeading: boolean;
let metrics: PoolMetrics;

beforeEach(async () => {
  registry = await loadMetricRegistry();
  isLeading = true;
  metrics = new PoolMetrics(registry, "x_", () => isLeading);
});

async function series(): Promise<readonly string[]> {
  return (await registry.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

function statusOf(some: Partial<IPPoolStatus> = {}): IPPoolStatus {
  return { capacity: "6", used: "3", reserved: "1", kept: "1", free: "1", outside: "0", ...some };
}

test("a pool has its figures, under its name alone", async () => {
  metrics.set("lab", statusOf());
  expect(await series()).toEqual([
    'x_pool_capacity{pool="lab"} 6',
    'x_pool_used{pool="lab"} 3',
    'x_pool_reserved{pool="lab"} 1',
    'x_pool_kept{pool="lab"} 1',
    'x_pool_free{pool="lab"} 1',
    'x_pool_outside{pool="lab"} 0',
  ]);
});

test.for([
  ["9007199254740993", "9007199254740992"],
  ["9223372036854775807", "9223372036854776000"],
  ["18446744073709551615", "18446744073709552000"],
  ["170141183460469231731687303715884105727", "1.7014118346046923e+38"],
] as const)("a figure of %s, which passes 2^53, is rounded to %s", async ([figure, shown]) => {
  metrics.set("v6", statusOf({ capacity: figure, free: figure }));
  expect(await series()).toContain(`x_pool_capacity{pool="v6"} ${shown}`);
  expect(await series()).toContain(`x_pool_free{pool="v6"} ${shown}`);
});

test("since when a pool is exhausted is told while it is", async () => {
  metrics.set("lab", statusOf({ conditions: [{ ...EXHAUSTED, status: "True" }] }));
  expect(await series()).toContain('x_pool_exhausted_since_timestamp_seconds{pool="lab"} 1772366400');
  metrics.set("lab", statusOf({ conditions: [{ ...EXHAUSTED, status: "False" }] }));
  expect(await series()).toHaveLength(6);
});

test("a pool that is gone has no series, others keep theirs", async () => {
  metrics.set("lab", statusOf({ conditions: [{ ...EXHAUSTED, status: "True" }] }));
  metrics.set("lan", statusOf());
  metrics.remove("lab");
  expect((await series()).every((line) => line.includes('pool="lan"'))).toBe(true);
  expect(await series()).toHaveLength(6);
  metrics.clear();
  expect(await series()).toEqual([]);
});

test("one that leads no more shows nothing, also before it was told so", async () => {
  metrics.set("lab", statusOf());
  isLeading = false;
  expect(await series()).toEqual([]);
  isLeading = true;
  metrics.set("lan", statusOf());
  expect((await series()).every((line) => line.includes('pool="lan"'))).toBe(true);
});
