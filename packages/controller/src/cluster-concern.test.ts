import { FakeClock, MemoryBlockStore, MemoryLeaseStore } from "@cluster-ipam/allocator/testing";
import type { KubeAnswer } from "@cluster-ipam/kube";
import { createLogger, loadMetricRegistry } from "@cluster-ipam/telemetry";
import { expect, test } from "vitest";
import { ClusterConcern } from "./cluster-concern.ts";
import { CheckDesk } from "./consistency/check-desk.ts";
import { ControllerMetrics } from "./controller-metrics.ts";

const MINUTE_MS = 60_000;
const FORBIDDEN = JSON.stringify({ kind: "Status", reason: "Forbidden", message: "nodes is forbidden" });
const UNASKED = (): Promise<never> => Promise.reject(new Error("nobody is to ask for this"));

test("a leader that may not list something says so in its log, once a resource", async () => {
  const lines: string[] = [];
  const clock = new FakeClock();
  const request = (): Promise<KubeAnswer> => Promise.resolve({ kind: "answered", status: 403, body: FORBIDDEN });
  const concern = new ClusterConcern({
    client: { request, stream: UNASKED },
    stores: {
      leases: new MemoryLeaseStore(),
      blocks: new MemoryBlockStore(),
      pools: { writeStatus: UNASKED, delete: UNASKED },
      pods: { get: UNASKED },
      nodes: { read: UNASKED },
      clusterPods: { ofNode: UNASKED, running: UNASKED },
    },
    events: { tell: () => undefined },
    meter: new ControllerMetrics(await loadMetricRegistry(), "0"),
    clock,
    date: () => new Date(0),
    random: () => 0,
    nearlyFullPercent: 90,
    garbage: { mode: "off", maxPercent: 50, inlinePoolIdleMs: undefined },
    consistency: { intervalMs: undefined },
    desk: new CheckDesk(),
    log: createLogger({}, "warn", { write: (line) => void lines.push(line) }),
  });
  const term = new AbortController();
  const running = concern.run(term.signal);
  await clock.advance(5 * MINUTE_MS);
  term.abort();
  await running;
  const told = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(told.map(({ resource }) => String(resource)).toSorted()).toEqual(["ipblocks", "ipleases", "ippools", "nodes"]);
  for (const line of told) expect(line).toMatchObject({ level: 40, reason: "403 nodes is forbidden" });
});
