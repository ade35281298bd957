import { setTimeout as delay } from "node:timers/promises";
import { NetworkNamespace, type Run, requestsBetween } from "@cluster-ipam/test-integration";
import { type BenchCluster, startAgent } from "./bench-cluster.ts";
import { addThroughSocket } from "./cni-subject.ts";
import { PARALLEL } from "./measurements.ts";
import { processorMs, residentMegabytes } from "./process-status.ts";
import type { Target } from "./report.ts";
import { median, throughput } from "./statistics.ts";

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
const STARTS = 3;
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
  await throughput(adds, PARALLEL.socket);
  const burstMegabytes = await residentMegabytes(agent.pid, "VmHWM");
  const starts: number[] = [];
  for (let start = 0; start < STARTS; start += 1) {
    const other = await startAgent(run, controlPlane, `start-${start}`);
    starts.push(other.readyMs);
    await other.agent.stop();
  }
  return { readyMs: median(starts), idleMegabytes, burstMegabytes };
}

/** Watches the agent for a minute in which nobody calls it; the last call must be over. */
export async function measureIdle({ agent, controlPlane, startedAtMs }: BenchCluster): Promise<IdleFigures> {
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
