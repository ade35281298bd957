import { setTimeout as delay } from "node:timers/promises";
import { NetworkNamespace, type Run, requestsBetween } from "@cluster-ipam/test-integration";
import { type BenchCluster, startAgent } from "./bench-cluster.ts";
import { addThroughSocket } from "./cni-subject.ts";
import { processorMs, residentMegabytes } from "./process-status.ts";
import type { Target } from "./report.ts";
import { median, throughput } from "./statistics.ts";
import { PARALLEL } from "./subjects.ts";

/** What an agent that has just started takes, and one under load. */
export interface AgentFootprint {
  readonly readyMs: number;
  readonly idleMegabytes: number;
  readonly burstMegabytes: number;
}

/** What an agent does that has nothing to do. */
export interface IdleFigures {
  readonly processorPercent: number;
  readonly requests: number;
}

/** Until an agent that has just started is idle. */
const SETTLE_MS = 3_000;
/** Nodes whose agents are started to see how long that takes. */
const STARTED = ["start-1", "start-2", "start-3"] as const;
/** The node whose agent is watched while nobody calls it, and as many leases as a node has pods at most. */
const IDLE = { node: "idle", leases: 250 } as const;

/** The nodes that these measurements need beside the one that the others use. */
export const FOOTPRINT_NODES: readonly string[] = [...STARTED, IDLE.node];

const BURST = 1_000;
/** Past the list that an agent reads two minutes after its start, and past its last refresh of a pool that was in use. */
const UNTIL_IDLE_MS = { sinceStart: 135_000, sinceCalls: 40_000 } as const;
const IDLE_WINDOW_MS = 60_000;
/** What an agent asks for at all; the API server has requests of its own for the rest. */
const ASKED: ReadonlySet<string> = new Set(["ipleases", "ippools", "pods", "nodes", "events"]);

/** Measures an agent that has served nothing yet, then a burst of 1,000 ADDs. */
export async function measureFootprint(run: Run, cluster: BenchCluster): Promise<AgentFootprint> {
  const { agent, socketPath, controlPlane } = cluster;
  await delay(SETTLE_MS);
  const idleMegabytes = await residentMegabytes(agent.pid);
  const { path: netns } = await NetworkNamespace.create(run, "burst");
  const adds = Array.from({ length: BURST }, () => () => addThroughSocket(socketPath, netns));
  await throughput(adds, PARALLEL.requests);
  const burstMegabytes = await residentMegabytes(agent.pid, "VmHWM");
  const starts: number[] = [];
  for (const node of STARTED) {
    const other = await startAgent(run, controlPlane, node);
    starts.push(other.readyMs);
    await other.agent.stop();
  }
  return { readyMs: median(starts), idleMegabytes, burstMegabytes };
}

/** Starts an agent, gives it what a full node has, and watches it for a minute in which nobody calls it. */
export async function measureIdle(run: Run, { controlPlane }: BenchCluster): Promise<IdleFigures> {
  const { agent, socketPath, startedAtMs } = await startAgent(run, controlPlane, IDLE.node);
  const { path: netns } = await NetworkNamespace.create(run, "idle");
  const adds = Array.from({ length: IDLE.leases }, () => () => addThroughSocket(socketPath, netns));
  await throughput(adds, PARALLEL.requests);
  const sinceStartMs = performance.now() - startedAtMs;
  await delay(Math.max(UNTIL_IDLE_MS.sinceCalls, UNTIL_IDLE_MS.sinceStart - sinceStartMs));
  const [usedMs, asked] = [await processorMs(agent.pid), await controlPlane.requestTotals()];
  await delay(IDLE_WINDOW_MS);
  const processorPercent = ((await processorMs(agent.pid)) - usedMs) / (IDLE_WINDOW_MS / 100);
  const asks = requestsBetween(asked, await controlPlane.requestTotals()).filter(({ resource }) => ASKED.has(resource));
  return { processorPercent, requests: asks.reduce((sum, { count }) => sum + count, 0) };
}

/** The limits that these are held against. */
export function footprintTargets(footprint: AgentFootprint, idle: IdleFigures): readonly Target[] {
  const { readyMs, idleMegabytes, burstMegabytes } = footprint;
  return [
    { what: "agent, from start to ready, p50", measured: readyMs / 1_000, limit: 1, unit: "s" },
    { what: "agent's resident memory when idle", measured: idleMegabytes, limit: 90, unit: "MB" },
    {
      what: `its highest in a burst of ${BURST.toLocaleString("en")} ADDs`,
      measured: burstMegabytes,
      limit: 130,
      unit: "MB",
    },
    { what: "its processor time when idle", measured: idle.processorPercent, limit: 0.1, unit: "%" },
    { what: "its requests in an idle minute", measured: idle.requests, limit: 0, unit: "" },
  ];
}
