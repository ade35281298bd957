export { type Action, type ActionAnswer, ActionServer, type ActionServerOptions } from "./action-server.ts";
export { type ListenAddress, parseListenAddress } from "./listen-address.ts";
export { createLogger, LOG_LEVELS, type Logger, type LogLevel } from "./logger.ts";
export type {
  Counter,
  Gauge,
  Histogram,
  HistogramOptions,
  Labels,
  MetricOptions,
  MetricRegistry,
} from "./metric-registry.ts";
export { loadMetricRegistry } from "./metric-registry-loading.ts";
export { type Probe, ProbeServer, type ProbeServerOptions } from "./probe-server.ts";
export { addProcessMetrics } from "./process-metrics.ts";
export { RequestMetrics } from "./request-metrics.ts";
