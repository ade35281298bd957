import type { MetricRegistry } from "./metric-registry.ts";

const US_PER_S = 1_000_000;
const MS_PER_S = 1_000;

/**
 * What Prometheus expects of every process: its CPU time, its memory, its start. Nothing here keeps a timer running.
 */
export function addProcessMetrics(registry: MetricRegistry): void {
  registry.countedElsewhere(
    { name: "process_cpu_seconds_total", help: "CPU time of the process, user and system, in seconds." },
    () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / US_PER_S;
    },
  );
  registry.gauge({ name: "process_resident_memory_bytes", help: "Resident memory of the process in bytes." }, () =>
    process.memoryUsage.rss(),
  );
  const startedAt = performance.timeOrigin / MS_PER_S;
  registry.gauge(
    { name: "process_start_time_seconds", help: "Start of the process in seconds since 1970." },
    () => startedAt,
  );
}
