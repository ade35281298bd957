export { Circuit, type CircuitOptions, type CircuitState, type RequestEnding } from "./circuit.ts";
export { type Clock, SYSTEM_CLOCK } from "./clock.ts";
export { type ConfigSource, inCluster, kubeconfigFile } from "./config-source.ts";
export { EventRecorder, type EventRecorderOptions, type EventSubject, type KubeEvent } from "./event-recorder.ts";
export { describeAnswer } from "./failure-text.ts";
export { Informer, type InformerOptions } from "./informer.ts";
export { type InformerMeter, NO_INFORMER_METER } from "./informer-meter.ts";
export { KubeClient, type KubeClientOptions } from "./kube-client.ts";
export type { Answered, Failed, KubeAnswer, KubeRequest } from "./kube-request.ts";
export { type KubeStatus, parseStatus } from "./kube-status.ts";
export { ELECTION } from "./leader-election/election-timing.ts";
export {
  type ElectionObserver,
  type ElectionState,
  type Lead,
  LeaderElector,
  type LeaderElectorOptions,
} from "./leader-election/leader-elector.ts";
export type { TermEnd } from "./leader-election/term.ts";
export type { StreamEnding, StreamRequest } from "./line-stream.ts";
export type { CachedObject, ObjectHandler } from "./object-cache.ts";
export { listPages, type PagedList } from "./paged-list.ts";
export {
  type Declined,
  type ReadOutcome,
  type ReadRequest,
  readPersistently,
  type Unanswered,
} from "./persistent-read.ts";
export type { ReadTrouble } from "./read-trouble.ts";
export type { WatchEnding } from "./watch-pass.ts";
export { WorkQueue, type WorkQueueOptions, type WorkReport } from "./work-queue.ts";
