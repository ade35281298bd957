import { mkdir } from "node:fs/promises";
import {
  CallTrace,
  createServer,
  keepPresence,
  keepReachable,
  listenOn,
  lockNode,
  TraceFile,
  TraceSwitch,
} from "@cluster-ipam/agent";
import { presencePath } from "@cluster-ipam/cni";
import { SYSTEM_CLOCK } from "@cluster-ipam/kube";
import type { Logger } from "@cluster-ipam/telemetry";
import { createAgent } from "./agent-parts.ts";
import { startMetrics } from "./agent-telemetry.ts";
import { connectApi } from "./api-connection.ts";
import type { AgentConfig } from "./config.ts";
import { releaseStartUpMemory } from "./start-up-memory.ts";
import { VERSION } from "./version.ts";

/** How long the agent waits for its node's leases before it listens without them. */
const LOADED_PATIENCE_MS = 2_000;

/**
 * Runs the agent until `signal` aborts. However it ends, it ends in order: finish what runs, refuse the rest, let go of
 * the node.
 */
export async function runAgent(config: AgentConfig, log: Logger, signal: AbortSignal): Promise<void> {
  await using ending = new AsyncDisposableStack();
  await mkdir(config.stateDir, { recursive: true, mode: 0o700 });
  const lock = await lockNode(config.nodeName, { log, signal });
  ending.defer(() => void lock.close());
  const trace = startTrace(config, log);
  ending.defer(() => trace.close());
  const telemetry = await startMetrics(config, { log, signal });
  ending.defer(() => telemetry.close());
  const { meter, instance } = telemetry;
  const api = connectApi(config, { meter, trace });
  ending.defer(() => api.client.close());
  // Only now: what the node holds is read by the one agent that may change it.
  const agent = createAgent(config, api, { log, meter });
  telemetry.watch(agent);
  ending.defer(() => agent.close());
  await Promise.race([agent.loaded, SYSTEM_CLOCK.sleep(LOADED_PATIENCE_MS, signal)]);
  const server = createServer(agent, log, { meter, trace, instance });
  let removeSocket: () => Promise<void> = () => Promise.resolve();
  let present: Promise<unknown> = Promise.resolve();
  ending.defer(async () => void (await present));
  // Not before the last call is answered; one that comes meanwhile finds nobody listening, and tries again for a while.
  ending.defer(() => removeSocket());
  ending.defer(() => server.close());
  removeSocket = await listenOn(server, config.socket);
  telemetry.listening();
  const keeping = { clock: SYSTEM_CLOCK, log, signal };
  present = Promise.all([
    keepPresence(presencePath(config.socket), keeping),
    keepReachable(server, config.socket, keeping),
  ]);
  setImmediate(releaseStartUpMemory);
  log.info({ socket: config.socket, apiServer: api.client.server, version: VERSION }, "agent is listening");
  await aborted(signal);
}

function startTrace(config: AgentConfig, log: Logger): CallTrace {
  const control = new TraceSwitch({ stateFolder: config.stateDir, clock: SYSTEM_CLOCK, log });
  control.applyFlag(config.traceFile);
  return new CallTrace({ node: config.nodeName, control, file: new TraceFile({ log }), epochMs: Date.now });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
