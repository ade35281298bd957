export { createLogger, LOG_LEVELS, type Logger, type LogLevel } from "./logger.ts";
export {
  addProcessMetrics,
  type Counter,
  type Histogram,
  type HistogramOptions,
  type Labels,
  loadMetricRegistry,
  type MetricOptions,
  type MetricRegistry,
} from "./metric-registry.ts";
export { type ListenAddress, type Probe, ProbeServer, type ProbeServerOptions } from "./probe-server.ts";
