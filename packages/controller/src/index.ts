export {
  ClusterConcern,
  type ClusterConcernOptions,
  type ClusterMeter,
  type ClusterStores,
} from "./cluster-concern.ts";
export { answerCheck } from "./consistency/check-answer.ts";
export { CheckDesk } from "./consistency/check-desk.ts";
export type { ConsistencySettings } from "./consistency/consistency-concern.ts";
export { type Concern, Controller, type ControllerOptions } from "./controller.ts";
export { ControllerMetrics } from "./controller-metrics.ts";
export { ElectionJournal } from "./election-journal.ts";
export { findElectionTrouble, findUnreadiness } from "./election-probes.ts";
export { GARBAGE_MODES, GARBAGE_PACE, type GarbageMode, type GarbageSettings } from "./garbage/garbage-concern.ts";
