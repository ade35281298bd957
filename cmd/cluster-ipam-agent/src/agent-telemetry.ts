import { randomUUID } from "node:crypto";
import { join } from "node:path";
import {
  type Agent,
  type AgentMeter,
  AgentMetrics,
  findDeafness,
  findUnreadiness,
  NO_METER,
} from "@cluster-ipam/agent";
import { addProcessMetrics, type Logger, loadMetricRegistry, ProbeServer } from "@cluster-ipam/telemetry";
import type { AgentConfig } from "./config.ts";
import { VERSION } from "./version.ts";

/** What the rest of the agent has to do with its metrics. */
export interface AgentTelemetry {
  readonly meter: AgentMeter;
  /** By this name the process knows itself on the socket. */
  readonly instance: string;
  /** From now on there is an agent whose health counts. */
  readonly watch: (agent: Pick<Agent, "health">) => void;
  /** From now on plugins are to reach the process. */
  readonly listening: () => void;
  readonly close: () => Promise<void>;
}

/** What metrics and probes look at. */
export interface Watched {
  readonly log: Logger;
  /** Aborts when the agent begins to end. */
  readonly signal: AbortSignal;
}

/**
 * Serves metrics and probes where the command line says so. Without that nothing is counted, and nothing of it loaded.
 *
 * @throws Error when nobody can listen there
 */
export async function startMetrics(
  { metricsAddress, socket, stateDir }: AgentConfig,
  { log, signal }: Watched,
): Promise<AgentTelemetry> {
  const instance = randomUUID();
  if (metricsAddress === undefined) return unwatched(instance);
  const registry = await loadMetricRegistry();
  let agent: Pick<Agent, "health"> | undefined;
  let isListening = false;
  const meter = new AgentMetrics(registry, VERSION, () => agent?.health());
  addProcessMetrics(registry);
  const spoolFolder = join(stateDir, "spool");
  const server = new ProbeServer({
    metrics: registry,
    probes: {
      // A process that begins or ends is to be left alone.
      "/livez": () => (isListening && !signal.aborted ? findDeafness(socket, instance) : []),
      "/readyz": () => findUnreadiness(agent?.health(), { spoolFolder, isServing: isListening && !signal.aborted }),
    },
  });
  const port = await server.listen(metricsAddress);
  log.info({ host: metricsAddress.host, port }, "metrics are served");
  return {
    meter,
    instance,
    watch: (watched) => void (agent = watched),
    listening: () => void (isListening = true),
    close: () => server.close(),
  };
}

function unwatched(instance: string): AgentTelemetry {
  const ignore = (): void => undefined;
  return { meter: NO_METER, instance, watch: ignore, listening: ignore, close: () => Promise.resolve() };
}
