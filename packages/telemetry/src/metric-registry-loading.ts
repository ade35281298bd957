import type { MetricRegistry } from "./metric-registry.ts";

/** A registry without any metric. What it needs is loaded here, so that a process without metrics does not pay for it. */
export async function loadMetricRegistry(): Promise<MetricRegistry> {
  const { PrometheusRegistry } = await import("./prometheus-registry.ts");
  return new PrometheusRegistry();
}
