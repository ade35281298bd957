import { createLogger, loadMetricRegistry, type MetricRegistry } from "@cluster-ipam/telemetry";
import { beforeEach, expect, test } from "vitest";
import { ControllerMetrics } from "./controller-metrics.ts";
import { ElectionJournal } from "./election-journal.ts";

let registry: MetricRegistry;
let metrics: ControllerMetrics;
let journal: ElectionJournal;
let lines: string[];

beforeEach(async () => {
  lines = [];
  registry = await loadMetricRegistry();
  metrics = new ControllerMetrics(registry, "1.2.3");
  journal = new ElectionJournal(createLogger({}, "debug", { write: (line) => void lines.push(told(line)) }), metrics);
});

/** Level and message of a line, and what varies. */
function told(line: string): string {
  const { level, msg, reason = "", leader = "" } = JSON.parse(line) as Record<string, unknown>;
  return [level, msg, reason, leader].filter((part) => part !== "").join(" ");
}

async function series(pattern: RegExp): Promise<readonly string[]> {
  return (await registry.text()).split("\n").filter((line) => !line.startsWith("#") && pattern.test(line));
}

test("the course of an election is told, with what nobody has asked for as a warning", async () => {
  journal.holderChanged("other_1");
  journal.holderChanged("");
  for (const reason of ["shutdown", "deadline", "taken", "work-ended"] as const) {
    journal.leadingBegan();
    journal.leadingEnded(reason);
  }
  expect(lines).toEqual([
    "30 another replica leads other_1",
    "30 nobody leads",
    "30 this replica leads",
    "30 this replica leads no more shutdown",
    "30 this replica leads",
    "40 this replica leads no more deadline",
    "30 this replica leads",
    "40 this replica leads no more taken",
    "30 this replica leads",
    "30 this replica leads no more work-ended",
  ]);
  expect(await series(/terms/)).toEqual([
    "cluster_ipam_controller_terms_total 4",
    'cluster_ipam_controller_terms_ended_total{reason="shutdown"} 1',
    'cluster_ipam_controller_terms_ended_total{reason="deadline"} 1',
    'cluster_ipam_controller_terms_ended_total{reason="taken"} 1',
    'cluster_ipam_controller_terms_ended_total{reason="work-ended"} 1',
  ]);
});

test("failures in a row are told once a reason, and that they are over, but all are counted", async () => {
  journal.tried(undefined);
  for (const failure of ["503", "503", "503", "403", undefined, undefined, "503"]) journal.tried(failure);
  expect(lines).toEqual([
    "40 lead could not be got or kept 503",
    "40 lead could not be got or kept 403",
    "30 election goes on",
    "40 lead could not be got or kept 503",
  ]);
  expect(await series(/failures/)).toEqual(["cluster_ipam_controller_election_failures_total 5"]);
});

test("whether it leads is asked at each look, and requests are counted by method and status", async () => {
  const elector = { isLeading: false };
  metrics.watch(elector);
  metrics.requestEnded({ method: "PUT" }, { kind: "answered", status: 409, body: "" }, 3);
  metrics.requestEnded({ method: "GET" }, { kind: "failed", cause: new Error("reset"), isSent: true }, 3_000);
  expect(await series(/leading|requests_total|build|request_duration_seconds_sum/)).toEqual([
    'cluster_ipam_controller_apiserver_requests_total{method="PUT",status="409"} 1',
    'cluster_ipam_controller_apiserver_requests_total{method="GET",status="0"} 1',
    'cluster_ipam_controller_apiserver_request_duration_seconds_sum{method="PUT"} 0.003',
    'cluster_ipam_controller_apiserver_request_duration_seconds_sum{method="GET"} 3',
    'cluster_ipam_controller_build_info{version="1.2.3"} 1',
    "cluster_ipam_controller_leading 0",
  ]);
  elector.isLeading = true;
  expect(await series(/leading/)).toEqual(["cluster_ipam_controller_leading 1"]);
});
