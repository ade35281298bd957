export { type Concern, Controller, type ControllerOptions } from "./controller.ts";
export { ControllerMetrics } from "./controller-metrics.ts";
export { ElectionJournal } from "./election-journal.ts";
export { PoolsConcern, type PoolsConcernOptions, type PoolsMeter } from "./pools-concern.ts";
export { findElectionTrouble, findUnreadiness } from "./service/election-probes.ts";
export { createServer, type ServerOptions } from "./service/server.ts";
