/** What an event is about. */
export interface EventSubject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** "" for what is cluster-scoped. */
  readonly namespace: string;
  readonly uid: string;
}

/** An event of Kubernetes. */
export interface AgentEvent {
  readonly regarding: EventSubject;
  readonly type: "Normal" | "Warning";
  /** CamelCase, for machines. */
  readonly reason: string;
  /** What the agent did or left, CamelCase. */
  readonly action: string;
  /** A sentence for people. */
  readonly note: string;
}

/** Where the agent tells people what it found: best effort. It neither throws nor keeps anybody waiting. */
export interface EventSink {
  tell(event: AgentEvent): void;
}
