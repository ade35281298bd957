export { Agent, type AgentHealth, type CallAnswer } from "./agent.ts";
export type { AgentDeps } from "./agent-context.ts";
export { type AgentMeter, NO_METER, type ReconcileFinding } from "./agent-meter.ts";
export { AgentMetrics } from "./agent-metrics.ts";
export { findDeafness, findUnreadiness } from "./agent-probes.ts";
export type { ApiCircuit, ApiCircuitState } from "./api-circuit.ts";
export { type CallObservers, CallService } from "./call-service.ts";
export { CallTrace, type CallTraceDeps } from "./call-trace.ts";
export { NodeAddresses } from "./node-addresses.ts";
export { readNodeFile } from "./node-file.ts";
export { InstallError, type InstalledPlugin, installPlugin, type PluginInstall } from "./plugin-install.ts";
export { keepPresence } from "./presence.ts";
export type { AgentEvent, EventSink, EventSubject } from "./reconciliation/events.ts";
export {
  RECONCILE_MODES,
  type ReconcileMode,
  type ReconcileReport,
  type ReportedLease,
} from "./reconciliation/reconcile-report.ts";
export type { ReconciliationDeps } from "./reconciliation/reconciliation-deps.ts";
export { NodeSandboxes, type Sandbox, type Sandboxes } from "./sandbox.ts";
export { createServer, type ServerOptions } from "./server.ts";
export { listenOn, lockNode } from "./socket.ts";
export { keepReachable } from "./socket-keeper.ts";
export type { Spool, SpooledFile, SpoolSlice } from "./spool.ts";
export { SpoolFolder } from "./spool-folder.ts";
export { TraceFile, type TraceFileOptions } from "./trace-file.ts";
export { TraceSwitch, type TraceSwitchDeps } from "./trace-switch.ts";
