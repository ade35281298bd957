export { Agent, type AgentHealth, type CallAnswer } from "./agent.ts";
export type { AgentDeps } from "./agent-context.ts";
export { type AgentMeter, type BlockChange, NO_METER, type ReconcileFinding } from "./agent-meter.ts";
export { AgentMetrics } from "./agent-metrics.ts";
export type { ApiCircuit, ApiCircuitState } from "./api-circuit.ts";
export { NodeSandboxes, type Sandbox, type Sandboxes } from "./attachments/sandbox.ts";
export { InstallError, type InstalledPlugin, installPlugin, type PluginInstall } from "./plugin-install.ts";
export { NodeAddresses } from "./pools/node-addresses.ts";
export { readNodeFile } from "./pools/node-file.ts";
export { INLINE_POLICIES, type InlinePolicy } from "./pools/pool-call.ts";
export type { AgentEvent, EventSink, EventSubject } from "./reconciliation/events.ts";
export {
  RECONCILE_MODES,
  type ReconcileMode,
  type ReconcileReport,
  type ReportedLease,
} from "./reconciliation/reconcile-report.ts";
export type { ReconciliationDeps } from "./reconciliation/reconciliation-deps.ts";
export type { Spool, SpooledFile, SpoolSlice } from "./releases/spool.ts";
export { SpoolFolder } from "./releases/spool-folder.ts";
export { findDeafness, findUnreadiness } from "./service/agent-probes.ts";
export { type CallObservers, CallService } from "./service/call-service.ts";
export { keepPresence } from "./service/presence.ts";
export { createServer, type ServerOptions } from "./service/server.ts";
export { listenOn, lockNode } from "./service/socket.ts";
export { keepReachable } from "./service/socket-keeper.ts";
export { CallTrace, type CallTraceDeps } from "./trace/call-trace.ts";
export { TraceFile, type TraceFileOptions } from "./trace/trace-file.ts";
export { TraceSwitch, type TraceSwitchDeps } from "./trace/trace-switch.ts";
