import { readFileSync } from "node:fs";
import { join } from "node:path";
import { addProcessMetrics, loadMetricRegistry, type MetricRegistry } from "@cluster-ipam/telemetry";
import { beforeEach, expect, test } from "vitest";
import type { AgentHealth } from "./agent.ts";
import { AgentMetrics } from "./agent-metrics.ts";

const OPERATIONS = join(import.meta.dirname, "../../../docs/operations.md");

/** A row of the table of metrics. */
const ROW = /^\| `((?:cluster_ipam_agent|process)_\w+)`/gm;

let registry: MetricRegistry;
let metrics: AgentMetrics;
let health: AgentHealth | undefined;

beforeEach(async () => {
  registry = await loadMetricRegistry();
  health = undefined;
  metrics = new AgentMetrics(registry, "1.2.3", () => health);
});

async function valueOf(series: string): Promise<string | undefined> {
  const line = (await registry.text()).split("\n").find((each) => each.startsWith(`cluster_ipam_agent_${series} `));
  return line?.split(" ").at(-1);
}

test("calls are counted by command and code, and their time is taken", async () => {
  metrics.callEnded("ADD", 0, 6);
  metrics.callEnded("ADD", 11, 20_500);
  metrics.callEnded("invalid", 6, 0.1);
  expect(await valueOf('calls_total{command="ADD",code="0"}')).toBe("1");
  expect(await valueOf('calls_total{command="ADD",code="11"}')).toBe("1");
  expect(await valueOf('calls_total{command="invalid",code="6"}')).toBe("1");
  expect(await valueOf('call_duration_seconds_bucket{le="0.01",command="ADD"}')).toBe("1");
  expect(await valueOf('call_duration_seconds_sum{command="ADD"}')).toBe("20.506");
});

test("requests are counted by method and status, their time is taken, and retries are counted", async () => {
  metrics.requestEnded("POST", 201, 3);
  metrics.requestEnded("POST", 0, 4_000);
  metrics.requestRetried();
  expect(await valueOf('apiserver_requests_total{method="POST",status="201"}')).toBe("1");
  expect(await valueOf('apiserver_requests_total{method="POST",status="0"}')).toBe("1");
  expect(await valueOf('apiserver_request_duration_seconds_count{method="POST"}')).toBe("2");
  expect(await valueOf("apiserver_retries_total")).toBe("1");
});

test("conflicts are a distribution over ADDs", async () => {
  for (const conflicts of [0, 0, 3]) metrics.addressesSearched(conflicts);
  expect(await valueOf('add_conflicts_bucket{le="0"}')).toBe("2");
  expect(await valueOf('add_conflicts_bucket{le="4"}')).toBe("3");
  expect(await valueOf("add_conflicts_sum")).toBe("3");
});

test("the spool's mishaps and what reconciliation does are counted", async () => {
  expect(await valueOf("spool_files_set_aside_total")).toBe("0");
  // The one time that it happens must be seen to be one more.
  expect(await valueOf('reconcile_findings_total{finding="duplicate-holder",mode="on"}')).toBe("0");
  metrics.spoolFileSetAside();
  metrics.spoolWriteFailed();
  metrics.reconciled("sandbox-gone", true);
  metrics.reconciled("sandbox-gone", false);
  expect(await valueOf("spool_files_set_aside_total")).toBe("1");
  expect(await valueOf("spool_write_failures_total")).toBe("1");
  expect(await valueOf('reconcile_findings_total{finding="sandbox-gone",mode="dry-run"}')).toBe("1");
  expect(await valueOf('reconcile_findings_total{finding="sandbox-gone",mode="on"}')).toBe("1");
});

test("what becomes of blocks is counted", async () => {
  for (const change of ["claimed", "claimed", "returned", "lost"] as const) metrics.blockChanged(change);
  expect(await valueOf('block_changes_total{change="claimed"}')).toBe("2");
  expect(await valueOf('block_changes_total{change="returned"}')).toBe("1");
  expect(await valueOf('block_changes_total{change="lost"}')).toBe("1");
});

test("gauges are the agent's health, nothing before there is one", async () => {
  const gauges = ["leases", "leases_loaded", "pending_releases", "spooled_releases", "apiserver_circuit_open"];
  expect(await Promise.all(gauges.map(valueOf))).toEqual(["0", "0", "0", "0", "0"]);
  const counts = { isLoaded: true, leases: 3, pendingReleases: 2, spooledReleases: 1 };
  health = { node: "n1", ...counts, apiServer: { circuit: "closed" } };
  expect(await Promise.all(gauges.map(valueOf))).toEqual(["3", "1", "2", "1", "0"]);
  for (const circuit of ["open", "half-open"] as const) {
    health = { node: "n1", ...counts, apiServer: { circuit } };
    expect(await valueOf("apiserver_circuit_open")).toBe("1");
  }
  expect(await valueOf('build_info{version="1.2.3"}')).toBe("1");
});

test("every metric is explained in docs/operations.md, and nothing else is", async () => {
  addProcessMetrics(registry);
  const registered = [...(await registry.text()).matchAll(/^# TYPE (\S+) /gm)].map((match) => match[1]);
  const documented = [...readFileSync(OPERATIONS, "utf8").matchAll(ROW)].map((match) => match[1]);
  expect(documented).toHaveLength(registered.length);
  expect(new Set(documented)).toEqual(new Set(registered));
});
