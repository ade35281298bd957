export { Circuit, type CircuitOptions, type CircuitState, type RequestEnding } from "./circuit.ts";
export { type ConfigSource, inCluster, kubeconfigFile } from "./config-source.ts";
export { EventRecorder, type EventRecorderOptions, type EventSubject, type KubeEvent } from "./event-recorder.ts";
export { describeAnswer } from "./failure-text.ts";
export { KubeClient, type KubeClientOptions } from "./kube-client.ts";
export type { Answered, Failed, KubeAnswer, KubeRequest } from "./kube-request.ts";
export { type KubeStatus, parseStatus } from "./kube-status.ts";
export type { StreamEnding, StreamRequest } from "./line-stream.ts";
export { listPages, type PagedList } from "./paged-list.ts";
export {
  type Declined,
  type ReadOutcome,
  type ReadRequest,
  readPersistently,
  type Unanswered,
} from "./persistent-read.ts";
