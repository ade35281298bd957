export {
  ClusterConcern,
  type ClusterConcernOptions,
  type ClusterMeter,
  type ClusterStores,
} from "./cluster-concern.ts";
export { type Concern, Controller, type ControllerOptions } from "./controller.ts";
export { ControllerMetrics } from "./controller-metrics.ts";
export { ElectionJournal } from "./election-journal.ts";
export { findElectionTrouble, findUnreadiness } from "./election-probes.ts";
export { GARBAGE_MODES, GARBAGE_PACE, type GarbageMode, type GarbageSettings } from "./garbage/garbage-concern.ts";
