import { spawnSync } from "node:child_process";
import { beforeEach, expect, test } from "vitest";
import type { MetricRegistry } from "./metric-registry.ts";
import { loadMetricRegistry } from "./metric-registry-loading.ts";
import { addProcessMetrics } from "./process-metrics.ts";

let registry: MetricRegistry;

beforeEach(async () => {
  registry = await loadMetricRegistry();
});

async function series(): Promise<readonly string[]> {
  return (await registry.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

test("a counter grows by one, for each combination of labels", async () => {
  const calls = registry.counter({ name: "calls_total", help: "Calls.", labels: ["verb", "code"] });
  for (const code of ["0", "0", "11"]) calls.add({ verb: "ADD", code });
  expect(await series()).toEqual(['calls_total{verb="ADD",code="0"} 2', 'calls_total{verb="ADD",code="11"} 1']);
});

test("a series of a counter can be there before anything has happened, and stays what it is after", async () => {
  const findings = registry.counter({ name: "findings_total", help: "Findings.", labels: ["finding"] });
  findings.begin({ finding: "rare" });
  expect(await series()).toEqual(['findings_total{finding="rare"} 0']);
  findings.add({ finding: "rare" });
  findings.begin({ finding: "rare" });
  expect(await series()).toEqual(['findings_total{finding="rare"} 1']);
});

test("a counter without labels is there before anything has happened", async () => {
  registry.counter({ name: "mistakes_total", help: "Mistakes." });
  expect(await registry.text()).toBe(
    "# HELP mistakes_total Mistakes.\n# TYPE mistakes_total counter\nmistakes_total 0\n",
  );
});

test("a histogram has its buckets, sum and count", async () => {
  const sizes = registry.histogram({ name: "size", help: "Sizes.", buckets: [1, 2] });
  for (const size of [0.5, 2, 3]) sizes.observe({}, size);
  expect(await series()).toEqual([
    'size_bucket{le="1"} 1',
    'size_bucket{le="2"} 2',
    'size_bucket{le="+Inf"} 3',
    "size_sum 5.5",
    "size_count 3",
  ]);
});

test("what is kept elsewhere is read at each asking", async () => {
  let value = 1;
  registry.gauge({ name: "now", help: "Now." }, () => value);
  registry.countedElsewhere({ name: "sum_total", help: "Sum." }, () => value);
  expect(await series()).toEqual(["now 1", "sum_total 1"]);
  value = 7;
  expect(await series()).toEqual(["now 7", "sum_total 7"]);
});

test("a gauge with labels has the series that were set and not removed", async () => {
  const sizes = registry.labelledGauge({ name: "size", help: "Sizes.", labels: ["pool", "kind"] });
  expect(await series()).toEqual([]);
  sizes.set({ pool: "lab", kind: "free" }, 3);
  sizes.set({ pool: "lab", kind: "free" }, 2);
  sizes.set({ pool: "lab", kind: "used" }, 0);
  sizes.set({ pool: 'a"b', kind: "free" }, 2 ** 80);
  const [used, other] = ['size{pool="lab",kind="used"} 0', 'size{pool="a\\"b",kind="free"} 1.2089258196146292e+24'];
  expect(await series()).toEqual(['size{pool="lab",kind="free"} 2', used, other]);
  sizes.remove({ kind: "free", pool: "lab" });
  sizes.remove({ pool: "never", kind: "set" });
  expect(await series()).toEqual([used, other]);
  sizes.clear();
  expect(await series()).toEqual([]);
  sizes.set({ pool: "lab", kind: "free" }, 1);
  expect(await series()).toEqual(['size{pool="lab",kind="free"} 1']);
});

test("a gauge with labels is brought up to date before each reading", async () => {
  let waiting = 3;
  registry.labelledGauge({ name: "depth", help: "Depth.", labels: ["queue"] }, (gauge) => {
    if (waiting === 0) gauge.clear();
    else gauge.set({ queue: "pools" }, waiting);
  });
  expect(await series()).toEqual(['depth{queue="pools"} 3']);
  waiting = 0;
  expect(await series()).toEqual([]);
});

test("information is a one with labels", async () => {
  registry.info({ name: "build_info", help: "Build.", labels: ["version"] }, { version: "1.2.3" });
  expect(await series()).toEqual(['build_info{version="1.2.3"} 1']);
});

test("a process tells its CPU time, memory and start", async () => {
  addProcessMetrics(registry);
  const values = Object.fromEntries((await series()).map((line) => line.split(" ")));
  expect(Object.keys(values)).toEqual([
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
  ]);
  expect(Number(values["process_cpu_seconds_total"])).toBeGreaterThan(0);
  expect(Number(values["process_resident_memory_bytes"])).toBeGreaterThan(10_000_000);
  expect(Number(values["process_start_time_seconds"]) * 1_000).toBeLessThan(Date.now());
});

test("the client is not loaded before there is a registry, and keeps no process alive", () => {
  const module = new URL("index.ts", import.meta.url).href;
  const code = `
    import { createRequire } from "node:module";
    const loaded = () => Object.keys(createRequire(import.meta.url).cache).some((path) => path.includes("prom-client"));
    const { loadMetricRegistry } = await import(${JSON.stringify(module)});
    const before = loaded();
    await loadMetricRegistry();
    process.stdout.write(JSON.stringify([before, loaded()]));
  `;
  const args = ["--conditions=@cluster-ipam/source", "--input-type=module", "--eval", code];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(JSON.parse(stdout)).toEqual([false, true]);
});
